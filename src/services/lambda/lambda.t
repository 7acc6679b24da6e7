# lambda on the wire: rest-json. That functions run is shown by tests/sdk/test_lambda_run.py; here is what needs none.
header Content-Type: application/json

--- GetFunctionConfiguration: there is none
GET /2015-03-31/functions/t-{{unique}}/configuration
=> 404

{"__type":"ResourceNotFoundException","message":"Function not found: arn:aws:lambda:{{region}}:{{dev}}:function:t-{{unique}}"}

--- Invoke: there is none
POST /2015-03-31/functions/t-{{unique}}/invocations

{}
=> 404

{"__type":"ResourceNotFoundException","message":"Function not found: arn:aws:lambda:{{region}}:{{dev}}:function:t-{{unique}}"}

--- Invoke: a version that is not there
POST /2015-03-31/functions/t-{{unique}}/invocations?Qualifier=7

{}
=> 404

{"__type":"ResourceNotFoundException","message":"Function not found: arn:aws:lambda:{{region}}:{{dev}}:function:t-{{unique}}:7"}

--- ListFunctions
GET /2015-03-31/functions?MaxItems=1
=> 200

{{*}}

--- CreateFunction: no code
POST /2015-03-31/functions

{"FunctionName":"t-{{unique}}","Role":"arn:aws:iam::{{dev}}:role/none"}
=> 400

{"__type":"ValidationException","message":"1 validation error detected: Value null at 'code' failed to satisfy constraint: Member must not be null"}

--- CreateFunction: a role that nobody may assume
POST /2015-03-31/functions

{"FunctionName":"t-{{unique}}","Role":"arn:aws:iam::{{dev}}:role/none","Runtime":"python3.8","Handler":"index.handler",
"Code":{"ZipFile":"UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}}
=> 400

{"__type":"InvalidParameterValueException","message":"The role defined for the function cannot be assumed by Lambda."}

--- CreateFunction: a runtime that is not here
POST /2015-03-31/functions

{"FunctionName":"t-{{unique}}","Role":"arn:aws:iam::{{dev}}:role/none","Runtime":"nodejs18.x","Handler":"index.handler",
"Code":{"ZipFile":"UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}}
=> 400

{"__type":"InvalidParameterValueException","message":"The runtime nodejs18.x cannot be run here: there are python3.8 to python3.12 (all on Python 3.11), provided.al2 and provided.al2023."}

--- CreateFunction: too little memory
POST /2015-03-31/functions

{"FunctionName":"t-{{unique}}","Role":"arn:aws:iam::{{dev}}:role/none","Runtime":"python3.8","Handler":"index.handler",
"MemorySize":64,"Code":{}}
=> 400

{"__type":"ValidationException","message":"1 validation error detected: Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"}

--- ListTags: there is none
GET /2017-03-31/tags/arn%3Aaws%3Alambda%3A{{region}}%3A{{dev}}%3Afunction%3At-{{unique}}
=> 404

{"__type":"ResourceNotFoundException","message":"Function not found: arn:aws:lambda:{{region}}:{{dev}}:function:t-{{unique}}"}

--- PublishVersion: there is none
POST /2015-03-31/functions/t-{{unique}}/versions

{}
=> 404

{"__type":"ResourceNotFoundException","message":"Function not found: arn:aws:lambda:{{region}}:{{dev}}:function:t-{{unique}}"}

--- GetPolicy by another account
as staging
GET /2015-03-31/functions/arn%3Aaws%3Alambda%3A{{region}}%3A{{dev}}%3Afunction%3At-{{unique}}/policy
=> 403

{"__type":"AccessDeniedException","message":"User: arn:aws:iam::{{staging}}:user/admin is not authorized to perform: lambda:GetPolicy on resource: arn:aws:lambda:{{region}}:{{dev}}:function:t-{{unique}} because no resource-based policy allows the lambda:GetPolicy action"}
