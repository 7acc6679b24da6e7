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

--- An operation that is not known
POST /

Action=GetPassword
Version=2011-06-15
=> 400

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>Could not find operation for version 2011-06-15</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- GetSessionToken
POST /

Action=GetSessionToken
Version=2011-06-15
DurationSeconds=900
=> 200

<GetSessionTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetSessionTokenResult>
    <Credentials><AccessKeyId>{{*}}</AccessKeyId><SecretAccessKey>{{*}}</SecretAccessKey><SessionToken>{{*}}</SessionToken><Expiration>{{*}}</Expiration></Credentials>
  </GetSessionTokenResult>
  <ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata>
</GetSessionTokenResponse>

--- GetSessionToken: too short
POST /

Action=GetSessionToken
Version=2011-06-15
DurationSeconds=60
=> 400

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>1 validation error detected: Value '60' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- GetFederationToken
POST /

Action=GetFederationToken
Version=2011-06-15
Name=bob
Tags.member.1.Key=team
Tags.member.1.Value=blue
=> 200

<GetFederationTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetFederationTokenResult>
    <Credentials><AccessKeyId>{{*}}</AccessKeyId><SecretAccessKey>{{*}}</SecretAccessKey><SessionToken>{{*}}</SessionToken><Expiration>{{*}}</Expiration></Credentials>
    <FederatedUser><FederatedUserId>{{dev}}:bob</FederatedUserId><Arn>arn:aws:sts::{{dev}}:federated-user/bob</Arn></FederatedUser>
    <PackedPolicySize>1</PackedPolicySize>
  </GetFederationTokenResult>
  <ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata>
</GetFederationTokenResponse>

--- GetFederationToken: a name with a blank
POST /

Action=GetFederationToken
Version=2011-06-15
Name=a b
=> 400

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- GetAccessKeyInfo: no key id
POST /

Action=GetAccessKeyInfo
Version=2011-06-15
AccessKeyId=XKIAIOSFODNN7EXAMPLE
=> 400

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>The access key ID XKIAIOSFODNN7EXAMPLE is not valid.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- DecodeAuthorizationMessage: none of ours
POST /

Action=DecodeAuthorizationMessage
Version=2011-06-15
EncodedMessage=abc
=> 400

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>InvalidAuthorizationMessageException</Code><Message>Message is not valid</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- AssumeRoleWithWebIdentity needs no signature and finds no trust
as nobody
POST /

Action=AssumeRoleWithWebIdentity
Version=2011-06-15
RoleArn=arn:aws:iam::{{dev}}:role/nobody
RoleSessionName=test
WebIdentityToken=a.b.c
=> 403

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: anonymous is not authorized to perform: sts:AssumeRoleWithWebIdentity because no role trust policy allows the sts:AssumeRoleWithWebIdentity action</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- AssumeRoleWithSAML, too
as nobody
POST /

Action=AssumeRoleWithSAML
Version=2011-06-15
RoleArn=arn:aws:iam::{{dev}}:role/nobody
PrincipalArn=arn:aws:iam::{{dev}}:saml-provider/x
SAMLAssertion=PHg+
=> 403

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: anonymous is not authorized to perform: sts:AssumeRoleWithSAML because no role trust policy allows the sts:AssumeRoleWithSAML action</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- AssumeRoot is known and not built
POST /

Action=AssumeRoot
Version=2011-06-15
TargetPrincipal={{dev}}
TaskPolicyArn.arn=arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials
=> 501

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Receiver</Type><Code>NotImplemented</Code><Message>sts AssumeRoot is known to Barmkin but not built; docs/reference/coverage.md lists what is.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

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
