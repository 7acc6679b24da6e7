# SPDX-License-Identifier: MIT
# ssm on the wire: JSON 1.1.
header Content-Type: application/x-amz-json-1.1

--- PutParameter
POST /
X-Amz-Target: AmazonSSM.PutParameter

{"Name":"/t/{{unique}}/a","Value":"one","Type":"String","Tags":[{"Key":"k","Value":"v"}]}
=> 200

{"Version":1,"Tier":"Standard"}

--- PutParameter: it exists
POST /
X-Amz-Target: AmazonSSM.PutParameter

{"Name":"/t/{{unique}}/a","Value":"two","Type":"String"}
=> 400

{"__type":"ParameterAlreadyExists","message":"The parameter already exists. To overwrite this value, set the overwrite option in the request to true."}

--- PutParameter: overwritten
POST /
X-Amz-Target: AmazonSSM.PutParameter

{"Name":"/t/{{unique}}/a","Value":"two","Overwrite":true}
=> 200

{"Version":2,"Tier":"Standard"}

--- PutParameter: no value
POST /
X-Amz-Target: AmazonSSM.PutParameter

{"Name":"/t/{{unique}}/b"}
=> 400

{"__type":"ValidationException","message":"1 validation error detected: Value null at 'value' failed to satisfy constraint: Member must not be null"}

--- GetParameter
POST /
X-Amz-Target: AmazonSSM.GetParameter

{"Name":"/t/{{unique}}/a"}
=> 200

{"Parameter":{"Name":"/t/{{unique}}/a","Type":"String","Value":"two","Version":2,"LastModifiedDate":{{*}},"ARN":"arn:aws:ssm:{{region}}:{{dev}}:parameter/t/{{unique}}/a","DataType":"text"}}

--- GetParameter: there is none
POST /
X-Amz-Target: AmazonSSM.GetParameter

{"Name":"/t/{{unique}}/none"}
=> 400

{"__type":"ParameterNotFound","message":"Parameter /t/{{unique}}/none not found."}

--- GetParameter by another account
as staging
POST /
X-Amz-Target: AmazonSSM.GetParameter

{"Name":"/t/{{unique}}/a"}
=> 400

{"__type":"ParameterNotFound","message":"Parameter /t/{{unique}}/a not found."}

--- GetParameters
POST /
X-Amz-Target: AmazonSSM.GetParameters

{"Names":["/t/{{unique}}/a","/t/{{unique}}/none"]}
=> 200

{"Parameters":[{"Name":"/t/{{unique}}/a","Type":"String","Value":"two","Version":2,"LastModifiedDate":{{*}},"ARN":"arn:aws:ssm:{{region}}:{{dev}}:parameter/t/{{unique}}/a","DataType":"text"}],"InvalidParameters":["/t/{{unique}}/none"]}

--- GetParametersByPath
POST /
X-Amz-Target: AmazonSSM.GetParametersByPath

{"Path":"/t/{{unique}}","Recursive":true}
=> 200

{"Parameters":[{"Name":"/t/{{unique}}/a","Type":"String","Value":"two","Version":2,"LastModifiedDate":{{*}},"ARN":"arn:aws:ssm:{{region}}:{{dev}}:parameter/t/{{unique}}/a","DataType":"text"}]}

--- DescribeParameters by name
POST /
X-Amz-Target: AmazonSSM.DescribeParameters

{"ParameterFilters":[{"Key":"Name","Values":["/t/{{unique}}/a"]}]}
=> 200

{"Parameters":[{"Name":"/t/{{unique}}/a","ARN":"arn:aws:ssm:{{region}}:{{dev}}:parameter/t/{{unique}}/a","Type":"String","LastModifiedDate":{{*}},"LastModifiedUser":"arn:aws:iam::{{dev}}:user/admin","Version":2,"Tier":"Standard","DataType":"text"}]}

--- AddTagsToResource
POST /
X-Amz-Target: AmazonSSM.AddTagsToResource

{"ResourceType":"Parameter","ResourceId":"/t/{{unique}}/a","Tags":[{"Key":"x","Value":"y"}]}
=> 200

--- ListTagsForResource
POST /
X-Amz-Target: AmazonSSM.ListTagsForResource

{"ResourceType":"Parameter","ResourceId":"/t/{{unique}}/a"}
=> 200

{"TagList":[{"Key":"k","Value":"v"},{"Key":"x","Value":"y"}]}

--- RemoveTagsFromResource
POST /
X-Amz-Target: AmazonSSM.RemoveTagsFromResource

{"ResourceType":"Parameter","ResourceId":"/t/{{unique}}/a","TagKeys":["x"]}
=> 200

--- DeleteParameter
POST /
X-Amz-Target: AmazonSSM.DeleteParameter

{"Name":"/t/{{unique}}/a"}
=> 200

--- DeleteParameters
POST /
X-Amz-Target: AmazonSSM.DeleteParameters

{"Names":["/t/{{unique}}/a"]}
=> 200

{"DeletedParameters":[],"InvalidParameters":["/t/{{unique}}/a"]}

--- DeleteParameter: it is gone
POST /
X-Amz-Target: AmazonSSM.DeleteParameter

{"Name":"/t/{{unique}}/a"}
=> 400

{"__type":"ParameterNotFound","message":"Parameter /t/{{unique}}/a not found."}
