# SPDX-License-Identifier: MIT
# logs on the wire: JSON 1.1, members in lower camel case.
header Content-Type: application/x-amz-json-1.1

--- CreateLogGroup
POST /
X-Amz-Target: Logs_20140328.CreateLogGroup

{"logGroupName":"/t/{{unique}}","tags":{"a":"1"}}
=> 200

--- CreateLogGroup: it exists
POST /
X-Amz-Target: Logs_20140328.CreateLogGroup

{"logGroupName":"/t/{{unique}}"}
=> 400

{"__type":"ResourceAlreadyExistsException","message":"The specified log group already exists"}

--- CreateLogGroup: no group's name
POST /
X-Amz-Target: Logs_20140328.CreateLogGroup

{"logGroupName":"a b"}
=> 400

{"__type":"InvalidParameterException","message":"1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"}

--- CreateLogGroup: no such key
POST /
X-Amz-Target: Logs_20140328.CreateLogGroup

{"logGroupName":"/t/{{unique}}/k","kmsKeyId":"arn:aws:kms:{{region}}:{{dev}}:key/none"}
=> 400

{"__type":"InvalidParameterException","message":"The specified KMS key does not exist or does not allow logs.{{region}}.amazonaws.com to use it: User: logs.{{region}}.amazonaws.com is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:{{region}}:{{dev}}:key/none because no resource-based policy allows the kms:GenerateDataKey action"}

--- CreateLogStream
POST /
X-Amz-Target: Logs_20140328.CreateLogStream

{"logGroupName":"/t/{{unique}}","logStreamName":"s"}
=> 200

--- CreateLogStream: it exists
POST /
X-Amz-Target: Logs_20140328.CreateLogStream

{"logGroupName":"/t/{{unique}}","logStreamName":"s"}
=> 400

{"__type":"ResourceAlreadyExistsException","message":"The specified log stream already exists"}

--- PutLogEvents: two refused, too old
POST /
X-Amz-Target: Logs_20140328.PutLogEvents

{"logGroupName":"/t/{{unique}}","logStreamName":"s","logEvents":[{"timestamp":1000,"message":"a"},{"timestamp":2000,"message":"b"}]}
=> 200

{"nextSequenceToken":"00000000000000000000000000000000000000000000000000000001","rejectedLogEventsInfo":{"tooOldLogEventEndIndex":2}}

--- PutLogEvents: not in order
POST /
X-Amz-Target: Logs_20140328.PutLogEvents

{"logGroupName":"/t/{{unique}}","logStreamName":"s","logEvents":[{"timestamp":2,"message":"a"},{"timestamp":1,"message":"b"}]}
=> 400

{"__type":"InvalidParameterException","message":"Log events in a single PutLogEvents request must be in chronological order."}

--- PutLogEvents: none
POST /
X-Amz-Target: Logs_20140328.PutLogEvents

{"logGroupName":"/t/{{unique}}","logStreamName":"s","logEvents":[]}
=> 400

{"__type":"ValidationException","message":"1 validation error detected: Value '[...]' at 'logEvents' failed to satisfy constraint: Member must have length greater than or equal to 1"}

--- PutLogEvents: an empty message
POST /
X-Amz-Target: Logs_20140328.PutLogEvents

{"logGroupName":"/t/{{unique}}","logStreamName":"s","logEvents":[{"timestamp":2,"message":""}]}
=> 400

{"__type":"ValidationException","message":"1 validation error detected: Value hidden at 'logEvents.1.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1"}

--- PutLogEvents by another account
as staging
POST /
X-Amz-Target: Logs_20140328.PutLogEvents

{"logGroupName":"/t/{{unique}}","logStreamName":"s","logEvents":[{"timestamp":2,"message":"a"}]}
=> 400

{"__type":"ResourceNotFoundException","message":"The specified log group does not exist."}

--- GetLogEvents of an empty stream
POST /
X-Amz-Target: Logs_20140328.GetLogEvents

{"logGroupName":"/t/{{unique}}","logStreamName":"s","startFromHead":true}
=> 200

{"events":[],"nextForwardToken":"f/0000000000000000-0000000000000000","nextBackwardToken":"b/0000000000000000-0000000000000000"}

--- GetLogEvents: not a token
POST /
X-Amz-Target: Logs_20140328.GetLogEvents

{"logGroupName":"/t/{{unique}}","logStreamName":"s","nextToken":"x"}
=> 400

{"__type":"InvalidParameterException","message":"The specified nextToken is invalid."}

--- FilterLogEvents
POST /
X-Amz-Target: Logs_20140328.FilterLogEvents

{"logGroupName":"/t/{{unique}}","filterPattern":"ERROR"}
=> 200

{"events":[],"searchedLogStreams":[]}

--- FilterLogEvents: a pattern that is not built
POST /
X-Amz-Target: Logs_20140328.FilterLogEvents

{"logGroupName":"/t/{{unique}}","filterPattern":"{ $.a = 1 }"}
=> 400

{"__type":"InvalidParameterException","message":"Barmkin's filter patterns are words only: no JSON selectors, fields or regular expressions."}

--- PutRetentionPolicy
POST /
X-Amz-Target: Logs_20140328.PutRetentionPolicy

{"logGroupName":"/t/{{unique}}","retentionInDays":7}
=> 200

--- PutRetentionPolicy: not so many days
POST /
X-Amz-Target: Logs_20140328.PutRetentionPolicy

{"logGroupName":"/t/{{unique}}","retentionInDays":8}
=> 400

{"__type":"InvalidParameterException","message":"Invalid retention value. Specify a value that is among the allowed ones: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."}

--- DescribeLogGroups
POST /
X-Amz-Target: Logs_20140328.DescribeLogGroups

{"logGroupNamePrefix":"/t/{{unique}}"}
=> 200

{"logGroups":[{"logGroupName":"/t/{{unique}}","creationTime":{{*}},"retentionInDays":7,"metricFilterCount":0,"arn":"arn:aws:logs:{{region}}:{{dev}}:log-group:/t/{{unique}}:*","storedBytes":0,"logGroupClass":"STANDARD","logGroupArn":"arn:aws:logs:{{region}}:{{dev}}:log-group:/t/{{unique}}"}]}

--- DeleteRetentionPolicy
POST /
X-Amz-Target: Logs_20140328.DeleteRetentionPolicy

{"logGroupName":"/t/{{unique}}"}
=> 200

--- DescribeLogStreams
POST /
X-Amz-Target: Logs_20140328.DescribeLogStreams

{"logGroupName":"/t/{{unique}}"}
=> 200

{"logStreams":[{"logStreamName":"s","creationTime":{{*}},"uploadSequenceToken":"00000000000000000000000000000000000000000000000000000001","arn":"arn:aws:logs:{{region}}:{{dev}}:log-group:/t/{{unique}}:log-stream:s","storedBytes":0}]}

--- TagResource
POST /
X-Amz-Target: Logs_20140328.TagResource

{"resourceArn":"arn:aws:logs:{{region}}:{{dev}}:log-group:/t/{{unique}}","tags":{"b":"2"}}
=> 200

--- UntagResource
POST /
X-Amz-Target: Logs_20140328.UntagResource

{"resourceArn":"arn:aws:logs:{{region}}:{{dev}}:log-group:/t/{{unique}}","tagKeys":["a"]}
=> 200

--- ListTagsForResource
POST /
X-Amz-Target: Logs_20140328.ListTagsForResource

{"resourceArn":"arn:aws:logs:{{region}}:{{dev}}:log-group:/t/{{unique}}"}
=> 200

{"tags":{"b":"2"}}

--- AssociateKmsKey: not a key
POST /
X-Amz-Target: Logs_20140328.AssociateKmsKey

{"logGroupName":"/t/{{unique}}","kmsKeyId":"x"}
=> 400

{"__type":"InvalidParameterException","message":"The KMS key is to be given by its ARN."}

--- DisassociateKmsKey
POST /
X-Amz-Target: Logs_20140328.DisassociateKmsKey

{"logGroupName":"/t/{{unique}}"}
=> 200

--- DeleteLogStream
POST /
X-Amz-Target: Logs_20140328.DeleteLogStream

{"logGroupName":"/t/{{unique}}","logStreamName":"s"}
=> 200

--- DeleteLogStream: it is gone
POST /
X-Amz-Target: Logs_20140328.DeleteLogStream

{"logGroupName":"/t/{{unique}}","logStreamName":"s"}
=> 400

{"__type":"ResourceNotFoundException","message":"The specified log stream does not exist."}

--- DeleteLogGroup
POST /
X-Amz-Target: Logs_20140328.DeleteLogGroup

{"logGroupName":"/t/{{unique}}"}
=> 200

--- DeleteLogGroup: it is gone
POST /
X-Amz-Target: Logs_20140328.DeleteLogGroup

{"logGroupName":"/t/{{unique}}"}
=> 400

{"__type":"ResourceNotFoundException","message":"The specified log group does not exist."}
