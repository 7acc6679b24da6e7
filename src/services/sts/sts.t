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

--- GetFederationToken is not known
POST /

Action=GetFederationToken
Version=2011-06-15
=> 400
