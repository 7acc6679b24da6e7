# SPDX-License-Identifier: MIT
# sts on the wire: the query protocol, in a form, answered in XML.
header Content-Type: application/x-www-form-urlencoded; charset=utf-8

--- GetCallerIdentity of an account's administrator
POST /

Action=GetCallerIdentity
Version=2011-06-15
=> 200
Content-Type: text/xml;charset=UTF-8
x-amzn-RequestId: {{request}}

<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <UserId>{{admin}}</UserId><Account>{{dev}}</Account><Arn>arn:aws:iam::{{dev}}:user/admin</Arn>
  </GetCallerIdentityResult>
  <ResponseMetadata><RequestId>{{request}}</RequestId></ResponseMetadata>
</GetCallerIdentityResponse>

--- GetCallerIdentity in a query string
GET /?Action=GetCallerIdentity&Version=2011-06-15
=> 200

--- GetCallerIdentity of nobody
as nobody
POST /

Action=GetCallerIdentity
Version=2011-06-15
=> 403

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>MissingAuthenticationToken</Code><Message>Request is missing Authentication Token</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- GetFederationToken is not known
POST /

Action=GetFederationToken
Version=2011-06-15
=> 400

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>Could not find operation for version 2011-06-15</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- AssumeRole: no such role
POST /

Action=AssumeRole
Version=2011-06-15
RoleArn=arn:aws:iam::{{dev}}:role/nobody
RoleSessionName=test
=> 403

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:iam::{{dev}}:user/admin is not authorized to perform: sts:AssumeRole because no role trust policy allows the sts:AssumeRole action</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- AssumeRole: a session name that is none
POST /

Action=AssumeRole
Version=2011-06-15
RoleArn=arn:aws:iam::{{dev}}:role/nobody
RoleSessionName=a
=> 400

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>1 validation error detected: Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- AssumeRole: no session name
POST /

Action=AssumeRole
Version=2011-06-15
RoleArn=arn:aws:iam::{{dev}}:role/nobody
=> 400

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>1 validation error detected: Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>
