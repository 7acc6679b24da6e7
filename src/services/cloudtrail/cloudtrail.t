# SPDX-License-Identifier: MIT
# cloudtrail on the wire.
header Content-Type: application/x-amz-json-1.1

--- LookupEvents: nothing of that name
POST /
X-Amz-Target: com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents

{"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"t-{{unique}}"}]}
=> 200

{"Events":[]}

--- LookupEvents: two attributes
POST /
X-Amz-Target: com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents

{"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"a"},{"AttributeKey":"EventName","AttributeValue":"b"}]}
=> 400

{"__type":"InvalidLookupAttributesException","message":"You can only specify one lookup attribute."}

--- LookupEvents: an attribute that is none
POST /
X-Amz-Target: com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents

{"LookupAttributes":[{"AttributeKey":"Color","AttributeValue":"red"}]}
=> 400

{"__type":"ValidationException","message":"1 validation error detected: Value 'Color' at 'lookupAttributes.1.member.attributeKey' failed to satisfy constraint: Member must satisfy enum value set: [EventId, EventName, ReadOnly, Username, ResourceType, ResourceName, EventSource, AccessKeyId]"}

--- LookupEvents: too many at once
POST /
X-Amz-Target: com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents

{"MaxResults":51}
=> 400

{"__type":"InvalidMaxResultsException","message":"The maximum number of results is between 1 and 50."}

--- DescribeTrails: judged, not built
POST /
X-Amz-Target: com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.DescribeTrails

{}
=> 501

{"__type":"NotImplemented","message":"cloudtrail DescribeTrails is known to Barmkin but not built; docs/reference/coverage.md lists what is."}
