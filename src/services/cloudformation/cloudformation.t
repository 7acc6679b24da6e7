# SPDX-License-Identifier: MIT
# cloudformation on the wire: what is known and not built is refused by its name, and nothing is made; stack policies and
# roll-backs of a stack that is there.
service cloudformation
header Content-Type: application/x-www-form-urlencoded; charset=utf-8

--- CreateStack: notification topics
POST /

Action=CreateStack
Version=2010-05-15
StackName=t-{{unique}}
TemplateBody={"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":"v"}}}}
NotificationARNs.member.1=arn:aws:sns:us-east-1:{{dev}}:t
=> 400

<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>NotificationARNs are not supported here: there is no SNS.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- CreateStack: alarms that roll it back
POST /

Action=CreateStack
Version=2010-05-15
StackName=t-{{unique}}
TemplateBody={"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":"v"}}}}
RollbackConfiguration.RollbackTriggers.member.1.Arn=arn:aws:cloudwatch:us-east-1:{{dev}}:alarm:a
RollbackConfiguration.RollbackTriggers.member.1.Type=AWS::CloudWatch::Alarm
=> 400

<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>RollbackTriggers are not supported here: there are no alarms.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- CreateStack: a time to watch alarms
POST /

Action=CreateStack
Version=2010-05-15
StackName=t-{{unique}}
TemplateBody={"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":"v"}}}}
RollbackConfiguration.MonitoringTimeInMinutes=5
=> 400

<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>MonitoringTimeInMinutes is not supported here: there are no alarms to watch.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- CreateStack: a time of nothing, and an empty list, are nothing
POST /

Action=CreateStack
Version=2010-05-15
StackName=t-{{unique}}
TemplateBody={"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":"v"}}}}
RollbackConfiguration.MonitoringTimeInMinutes=0
NotificationARNs=
=> 200

<CreateStackResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><CreateStackResult><StackId>{{id}}</StackId></CreateStackResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreateStackResponse>

--- GetStackPolicy: there is none yet
POST /

Action=GetStackPolicy
Version=2010-05-15
StackName=t-{{unique}}
=> 200

<GetStackPolicyResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><GetStackPolicyResult></GetStackPolicyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetStackPolicyResponse>

--- SetStackPolicy: all is allowed
POST /

Action=SetStackPolicy
Version=2010-05-15
StackName=t-{{unique}}
StackPolicyBody={"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"}]}
=> 200

<SetStackPolicyResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><SetStackPolicyResult></SetStackPolicyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></SetStackPolicyResponse>

--- GetStackPolicy: as it was set
POST /

Action=GetStackPolicy
Version=2010-05-15
StackName=t-{{unique}}
=> 200

<GetStackPolicyResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><GetStackPolicyResult><StackPolicyBody>{&quot;Statement&quot;:[{&quot;Effect&quot;:&quot;Allow&quot;,&quot;Action&quot;:&quot;Update:*&quot;,&quot;Principal&quot;:&quot;*&quot;,&quot;Resource&quot;:&quot;*&quot;}]}</StackPolicyBody></GetStackPolicyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetStackPolicyResponse>

--- RollbackStack: not of a stack that is whole, or at work
POST /

Action=RollbackStack
Version=2010-05-15
StackName=t-{{unique}}
=> 400

<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack:{{id}} is in {{*}} state and can not be rolled back.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- CreateChangeSet: notification topics
POST /

Action=CreateChangeSet
Version=2010-05-15
StackName=t-2-{{unique}}
ChangeSetName=c
ChangeSetType=CREATE
TemplateBody={"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":"v"}}}}
NotificationARNs.member.1=arn:aws:sns:us-east-1:{{dev}}:t
=> 400

<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>NotificationARNs are not supported here: there is no SNS.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- CreateChangeSet: alarms that roll it back
POST /

Action=CreateChangeSet
Version=2010-05-15
StackName=t-2-{{unique}}
ChangeSetName=c
ChangeSetType=CREATE
TemplateBody={"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":"v"}}}}
RollbackConfiguration.RollbackTriggers.member.1.Arn=arn:aws:cloudwatch:us-east-1:{{dev}}:alarm:a
RollbackConfiguration.RollbackTriggers.member.1.Type=AWS::CloudWatch::Alarm
=> 400

<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>RollbackTriggers are not supported here: there are no alarms.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- CreateChangeSet: a time to watch alarms
POST /

Action=CreateChangeSet
Version=2010-05-15
StackName=t-2-{{unique}}
ChangeSetName=c
ChangeSetType=CREATE
TemplateBody={"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":"v"}}}}
RollbackConfiguration.MonitoringTimeInMinutes=5
=> 400

<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>MonitoringTimeInMinutes is not supported here: there are no alarms to watch.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- CreateChangeSet: an import
POST /

Action=CreateChangeSet
Version=2010-05-15
StackName=t-2-{{unique}}
ChangeSetName=c
ChangeSetType=IMPORT
TemplateBody={"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":"v"}}}}
=> 400

<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>ChangeSetType IMPORT is not supported here.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- CreateChangeSet: an import of what is there
POST /

Action=CreateChangeSet
Version=2010-05-15
StackName=t-2-{{unique}}
ChangeSetName=c
ChangeSetType=CREATE
ImportExistingResources=true
TemplateBody={"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":"v"}}}}
=> 400

<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>ImportExistingResources is not supported here.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- CreateChangeSet: with the stacks in the stack
POST /

Action=CreateChangeSet
Version=2010-05-15
StackName=t-2-{{unique}}
ChangeSetName=c
ChangeSetType=CREATE
IncludeNestedStacks=true
TemplateBody={"Resources":{"S":{"Type":"AWS::CloudFormation::Stack","Properties":{"TemplateURL":"https://s3.amazonaws.com/b/k"}}}}
=> 400

<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>IncludeNestedStacks is not supported here: make a change set of the nested stack itself.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- GetTemplateSummary: of a stack set
POST /

Action=GetTemplateSummary
Version=2010-05-15
StackSetName=s
=> 400

<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>StackSetName is not supported here: there are no stack sets.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- DeleteStack: by force
POST /

Action=DeleteStack
Version=2010-05-15
StackName=t-{{unique}}
DeletionMode=FORCE_DELETE_STACK
=> 400

<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>DeletionMode FORCE_DELETE_STACK is not supported here: name what shall stay in RetainResources.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- DeleteStack: it goes
POST /

Action=DeleteStack
Version=2010-05-15
StackName=t-{{unique}}
=> 200

<DeleteStackResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DeleteStackResult></DeleteStackResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteStackResponse>
