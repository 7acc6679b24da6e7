# SPDX-License-Identifier: MIT
# ec2 on the wire: a VPC from its birth to its end, in its own query protocol.
header Content-Type: application/x-www-form-urlencoded; charset=utf-8

--- CreateVpc
POST /

Action=CreateVpc
Version=2016-11-15
CidrBlock=10.77.0.0/16
TagSpecification.1.ResourceType=vpc
TagSpecification.1.Tag.1.Key=Name
TagSpecification.1.Tag.1.Value=t
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<CreateVpcResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><vpc><cidrBlock>10.77.0.0/16</cidrBlock><dhcpOptionsId>default</dhcpOptionsId><state>pending</state><vpcId>{{vpc}}</vpcId><ownerId>{{dev}}</ownerId><instanceTenancy>default</instanceTenancy><cidrBlockAssociationSet><item><associationId>{{vpc-cidr-assoc}}</associationId><cidrBlock>10.77.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item></cidrBlockAssociationSet><isDefault>false</isDefault><tagSet><item><key>Name</key><value>t</value></item></tagSet></vpc></CreateVpcResponse>

--- CreateVpc: not a block
POST /

Action=CreateVpc
Version=2016-11-15
CidrBlock=10.77.0.0/8
=> 400

<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>InvalidVpc.Range</Code><Message>The CIDR '10.77.0.0/8' is invalid.</Message></Error></Errors><RequestID>{{*}}</RequestID></Response>

--- DescribeVpcs
POST /

Action=DescribeVpcs
Version=2016-11-15
VpcId.1={{vpc}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><vpcSet><item><cidrBlock>10.77.0.0/16</cidrBlock><dhcpOptionsId>default</dhcpOptionsId><state>available</state><vpcId>{{vpc}}</vpcId><ownerId>{{dev}}</ownerId><instanceTenancy>default</instanceTenancy><cidrBlockAssociationSet><item><associationId>{{vpc-cidr-assoc}}</associationId><cidrBlock>10.77.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item></cidrBlockAssociationSet><isDefault>false</isDefault><tagSet><item><key>Name</key><value>t</value></item></tagSet></item></vpcSet></DescribeVpcsResponse>

--- DescribeVpcs: none of that id
POST /

Action=DescribeVpcs
Version=2016-11-15
VpcId.1=vpc-00000000000000000
=> 400

<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>InvalidVpcID.NotFound</Code><Message>The vpc ID 'vpc-00000000000000000' does not exist</Message></Error></Errors><RequestID>{{*}}</RequestID></Response>

--- DescribeVpcs of another account shows nothing
as staging
POST /

Action=DescribeVpcs
Version=2016-11-15
Filter.1.Name=vpc-id
Filter.1.Value.1={{vpc}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><vpcSet></vpcSet></DescribeVpcsResponse>

--- ModifyVpcAttribute
POST /

Action=ModifyVpcAttribute
Version=2016-11-15
VpcId={{vpc}}
EnableDnsHostnames.Value=true
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<ModifyVpcAttributeResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><return>true</return></ModifyVpcAttributeResponse>

--- DescribeVpcAttribute
POST /

Action=DescribeVpcAttribute
Version=2016-11-15
VpcId={{vpc}}
Attribute=enableDnsHostnames
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DescribeVpcAttributeResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><vpcId>{{vpc}}</vpcId><enableDnsHostnames><value>true</value></enableDnsHostnames></DescribeVpcAttributeResponse>

--- CreateSubnet
POST /

Action=CreateSubnet
Version=2016-11-15
VpcId={{vpc}}
CidrBlock=10.77.1.0/24
AvailabilityZone=us-east-1a
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<CreateSubnetResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><subnet><availabilityZone>{{region}}a</availabilityZone><availabilityZoneId>use1-az1</availabilityZoneId><availableIpAddressCount>251</availableIpAddressCount><cidrBlock>10.77.1.0/24</cidrBlock><defaultForAz>false</defaultForAz><mapPublicIpOnLaunch>false</mapPublicIpOnLaunch><state>available</state><subnetId>{{subnet}}</subnetId><vpcId>{{vpc}}</vpcId><ownerId>{{dev}}</ownerId><assignIpv6AddressOnCreation>false</assignIpv6AddressOnCreation><subnetArn>arn:aws:ec2:{{region}}:{{dev}}:subnet/{{subnet}}</subnetArn></subnet></CreateSubnetResponse>

--- CreateSubnet: the range is taken
POST /

Action=CreateSubnet
Version=2016-11-15
VpcId={{vpc}}
CidrBlock=10.77.1.0/25
=> 400

<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>InvalidSubnet.Conflict</Code><Message>The CIDR '10.77.1.0/25' conflicts with another subnet</Message></Error></Errors><RequestID>{{*}}</RequestID></Response>

--- ModifySubnetAttribute
POST /

Action=ModifySubnetAttribute
Version=2016-11-15
SubnetId={{subnet}}
MapPublicIpOnLaunch.Value=false
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<ModifySubnetAttributeResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><return>true</return></ModifySubnetAttributeResponse>

--- DescribeSubnets
POST /

Action=DescribeSubnets
Version=2016-11-15
SubnetId.1={{subnet}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><subnetSet><item><availabilityZone>{{region}}a</availabilityZone><availabilityZoneId>use1-az1</availabilityZoneId><availableIpAddressCount>251</availableIpAddressCount><cidrBlock>10.77.1.0/24</cidrBlock><defaultForAz>false</defaultForAz><mapPublicIpOnLaunch>false</mapPublicIpOnLaunch><state>available</state><subnetId>{{subnet}}</subnetId><vpcId>{{vpc}}</vpcId><ownerId>{{dev}}</ownerId><assignIpv6AddressOnCreation>false</assignIpv6AddressOnCreation><subnetArn>arn:aws:ec2:{{region}}:{{dev}}:subnet/{{subnet}}</subnetArn></item></subnetSet></DescribeSubnetsResponse>

--- CreateRouteTable
POST /

Action=CreateRouteTable
Version=2016-11-15
VpcId={{vpc}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<CreateRouteTableResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><routeTable><associationSet></associationSet><propagatingVgwSet></propagatingVgwSet><routeTableId>{{rtb}}</routeTableId><routeSet><item><destinationCidrBlock>10.77.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><origin>CreateRouteTable</origin><state>active</state></item></routeSet><vpcId>{{vpc}}</vpcId><ownerId>{{dev}}</ownerId></routeTable></CreateRouteTableResponse>

--- AssociateRouteTable
POST /

Action=AssociateRouteTable
Version=2016-11-15
RouteTableId={{rtb}}
SubnetId={{subnet}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<AssociateRouteTableResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><associationId>{{rtbassoc}}</associationId><associationState><state>associated</state></associationState></AssociateRouteTableResponse>

--- CreateRoute: no such gateway
POST /

Action=CreateRoute
Version=2016-11-15
RouteTableId={{rtb}}
DestinationCidrBlock=0.0.0.0/0
GatewayId=igw-00000000000000000
=> 400

<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>InvalidGatewayID.NotFound</Code><Message>The gateway ID 'igw-00000000000000000' does not exist</Message></Error></Errors><RequestID>{{*}}</RequestID></Response>

--- ReplaceRoute: there is none
POST /

Action=ReplaceRoute
Version=2016-11-15
RouteTableId={{rtb}}
DestinationCidrBlock=0.0.0.0/0
GatewayId=local
=> 400

<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>InvalidRoute.NotFound</Code><Message>no route with destination-cidr-block 0.0.0.0/0 in route table {{rtb}}</Message></Error></Errors><RequestID>{{*}}</RequestID></Response>

--- DeleteRoute: there is none
POST /

Action=DeleteRoute
Version=2016-11-15
RouteTableId={{rtb}}
DestinationCidrBlock=0.0.0.0/0
=> 400

<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>InvalidRoute.NotFound</Code><Message>no route with destination-cidr-block 0.0.0.0/0 in route table {{rtb}}</Message></Error></Errors><RequestID>{{*}}</RequestID></Response>

--- DescribeRouteTables
POST /

Action=DescribeRouteTables
Version=2016-11-15
RouteTableId.1={{rtb}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DescribeRouteTablesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><routeTableSet><item><associationSet><item><main>false</main><routeTableAssociationId>{{rtbassoc}}</routeTableAssociationId><routeTableId>{{rtb}}</routeTableId><subnetId>{{subnet}}</subnetId><associationState><state>associated</state></associationState></item></associationSet><propagatingVgwSet></propagatingVgwSet><routeTableId>{{rtb}}</routeTableId><routeSet><item><destinationCidrBlock>10.77.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><origin>CreateRouteTable</origin><state>active</state></item></routeSet><vpcId>{{vpc}}</vpcId><ownerId>{{dev}}</ownerId></item></routeTableSet></DescribeRouteTablesResponse>

--- CreateSecurityGroup
POST /

Action=CreateSecurityGroup
Version=2016-11-15
GroupName=t
GroupDescription=for a transcript
VpcId={{vpc}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<CreateSecurityGroupResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><groupId>{{sg}}</groupId></CreateSecurityGroupResponse>

--- CreateSecurityGroup: the name is taken
POST /

Action=CreateSecurityGroup
Version=2016-11-15
GroupName=t
GroupDescription=again
VpcId={{vpc}}
=> 400

<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>InvalidGroup.Duplicate</Code><Message>The security group 't' already exists for VPC '{{vpc}}'</Message></Error></Errors><RequestID>{{*}}</RequestID></Response>

--- AuthorizeSecurityGroupIngress
POST /

Action=AuthorizeSecurityGroupIngress
Version=2016-11-15
GroupId={{sg}}
IpPermissions.1.IpProtocol=tcp
IpPermissions.1.FromPort=443
IpPermissions.1.ToPort=443
IpPermissions.1.IpRanges.1.CidrIp=10.77.0.0/16
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<AuthorizeSecurityGroupIngressResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><return>true</return><securityGroupRuleSet><item><securityGroupRuleId>{{sgr}}</securityGroupRuleId><groupId>{{sg}}</groupId><groupOwnerId>{{dev}}</groupOwnerId><isEgress>false</isEgress><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort><cidrIpv4>10.77.0.0/16</cidrIpv4></item></securityGroupRuleSet></AuthorizeSecurityGroupIngressResponse>

--- DescribeSecurityGroupRules
POST /

Action=DescribeSecurityGroupRules
Version=2016-11-15
Filter.1.Name=group-id
Filter.1.Value.1={{sg}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DescribeSecurityGroupRulesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><securityGroupRuleSet><item><securityGroupRuleId>{{sgr2}}</securityGroupRuleId><groupId>{{sg}}</groupId><groupOwnerId>{{dev}}</groupOwnerId><isEgress>true</isEgress><ipProtocol>-1</ipProtocol><fromPort>-1</fromPort><toPort>-1</toPort><cidrIpv4>0.0.0.0/0</cidrIpv4></item><item><securityGroupRuleId>{{sgr}}</securityGroupRuleId><groupId>{{sg}}</groupId><groupOwnerId>{{dev}}</groupOwnerId><isEgress>false</isEgress><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort><cidrIpv4>10.77.0.0/16</cidrIpv4></item></securityGroupRuleSet></DescribeSecurityGroupRulesResponse>

--- RevokeSecurityGroupIngress
POST /

Action=RevokeSecurityGroupIngress
Version=2016-11-15
GroupId={{sg}}
IpPermissions.1.IpProtocol=tcp
IpPermissions.1.FromPort=443
IpPermissions.1.ToPort=443
IpPermissions.1.IpRanges.1.CidrIp=10.77.0.0/16
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<RevokeSecurityGroupIngressResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><return>true</return></RevokeSecurityGroupIngressResponse>

--- DescribeVpcEndpointServices
POST /

Action=DescribeVpcEndpointServices
Version=2016-11-15
ServiceName.1=com.amazonaws.us-east-1.s3
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DescribeVpcEndpointServicesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><serviceNameSet><item>com.amazonaws.{{region}}.s3</item></serviceNameSet><serviceDetailSet><item><serviceName>com.amazonaws.{{region}}.s3</serviceName><serviceId>{{vpce-svc}}</serviceId><serviceType><item><serviceType>Gateway</serviceType></item><item><serviceType>Interface</serviceType></item></serviceType><availabilityZoneSet><item>{{region}}a</item><item>{{region}}b</item><item>{{region}}c</item><item>{{region}}d</item><item>{{region}}e</item><item>{{region}}f</item></availabilityZoneSet><owner>amazon</owner><baseEndpointDnsNameSet><item>s3.{{region}}.vpce.amazonaws.com</item></baseEndpointDnsNameSet><privateDnsName>s3.{{region}}.amazonaws.com</privateDnsName><privateDnsNameSet><item><privateDnsName>s3.{{region}}.amazonaws.com</privateDnsName></item></privateDnsNameSet><vpcEndpointPolicySupported>true</vpcEndpointPolicySupported><acceptanceRequired>false</acceptanceRequired><managesVpcEndpoints>false</managesVpcEndpoints><supportedIpAddressTypeSet><item>ipv4</item></supportedIpAddressTypeSet></item></serviceDetailSet></DescribeVpcEndpointServicesResponse>

--- CreateVpcEndpoint: a gateway to S3
POST /

Action=CreateVpcEndpoint
Version=2016-11-15
VpcId={{vpc}}
ServiceName=com.amazonaws.us-east-1.s3
RouteTableId.1={{rtb}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<CreateVpcEndpointResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><vpcEndpoint><vpcEndpointId>{{vpce}}</vpcEndpointId><vpcEndpointType>Gateway</vpcEndpointType><vpcId>{{vpc}}</vpcId><serviceName>com.amazonaws.{{region}}.s3</serviceName><state>available</state><policyDocument>{&quot;Statement&quot;:[{&quot;Action&quot;:&quot;*&quot;,&quot;Effect&quot;:&quot;Allow&quot;,&quot;Principal&quot;:&quot;*&quot;,&quot;Resource&quot;:&quot;*&quot;}]}</policyDocument><routeTableIdSet><item>{{rtb}}</item></routeTableIdSet><subnetIdSet></subnetIdSet><groupSet></groupSet><ipAddressType>ipv4</ipAddressType><dnsOptions><dnsRecordIpType>ipv4</dnsRecordIpType></dnsOptions><privateDnsEnabled>false</privateDnsEnabled><requesterManaged>false</requesterManaged><networkInterfaceIdSet></networkInterfaceIdSet><dnsEntrySet></dnsEntrySet><creationTimestamp>{{*}}</creationTimestamp><ownerId>{{dev}}</ownerId></vpcEndpoint></CreateVpcEndpointResponse>

--- ModifyVpcEndpoint
POST /

Action=ModifyVpcEndpoint
Version=2016-11-15
VpcEndpointId={{vpce}}
PolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<ModifyVpcEndpointResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><return>true</return></ModifyVpcEndpointResponse>

--- ModifyVpcEndpoint: not a policy
POST /

Action=ModifyVpcEndpoint
Version=2016-11-15
VpcEndpointId={{vpce}}
PolicyDocument={"Statement":7}
=> 400

<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>InvalidPolicyDocument</Code><Message>Syntax errors in policy. A statement is not an object</Message></Error></Errors><RequestID>{{*}}</RequestID></Response>

--- DescribeVpcEndpoints
POST /

Action=DescribeVpcEndpoints
Version=2016-11-15
VpcEndpointId.1={{vpce}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DescribeVpcEndpointsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><vpcEndpointSet><item><vpcEndpointId>{{vpce}}</vpcEndpointId><vpcEndpointType>Gateway</vpcEndpointType><vpcId>{{vpc}}</vpcId><serviceName>com.amazonaws.{{region}}.s3</serviceName><state>available</state><policyDocument>{&quot;Version&quot;:&quot;2012-10-17&quot;,&quot;Statement&quot;:[{&quot;Effect&quot;:&quot;Allow&quot;,&quot;Principal&quot;:&quot;*&quot;,&quot;Action&quot;:&quot;s3:GetObject&quot;,&quot;Resource&quot;:&quot;*&quot;}]}</policyDocument><routeTableIdSet><item>{{rtb}}</item></routeTableIdSet><subnetIdSet></subnetIdSet><groupSet></groupSet><ipAddressType>ipv4</ipAddressType><dnsOptions><dnsRecordIpType>ipv4</dnsRecordIpType></dnsOptions><privateDnsEnabled>false</privateDnsEnabled><requesterManaged>false</requesterManaged><networkInterfaceIdSet></networkInterfaceIdSet><dnsEntrySet></dnsEntrySet><creationTimestamp>{{*}}</creationTimestamp><ownerId>{{dev}}</ownerId></item></vpcEndpointSet></DescribeVpcEndpointsResponse>

--- CreateNetworkInterface
POST /

Action=CreateNetworkInterface
Version=2016-11-15
SubnetId={{subnet}}
SecurityGroupId.1={{sg}}
Description=t
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<CreateNetworkInterfaceResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><networkInterface><availabilityZone>{{region}}a</availabilityZone><description>t</description><groupSet><item><groupName>t</groupName><groupId>{{sg}}</groupId></item></groupSet><interfaceType>interface</interfaceType><macAddress>06:00:0a:4d:01:04</macAddress><networkInterfaceId>{{eni}}</networkInterfaceId><ownerId>{{dev}}</ownerId><privateDnsName>ip-10-77-1-4.ec2.internal</privateDnsName><privateIpAddress>10.77.1.4</privateIpAddress><privateIpAddressesSet><item><primary>true</primary><privateDnsName>ip-10-77-1-4.ec2.internal</privateDnsName><privateIpAddress>10.77.1.4</privateIpAddress></item></privateIpAddressesSet><requesterManaged>false</requesterManaged><sourceDestCheck>true</sourceDestCheck><status>pending</status><subnetId>{{subnet}}</subnetId><vpcId>{{vpc}}</vpcId></networkInterface></CreateNetworkInterfaceResponse>

--- ModifyNetworkInterfaceAttribute
POST /

Action=ModifyNetworkInterfaceAttribute
Version=2016-11-15
NetworkInterfaceId={{eni}}
Description.Value=new
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<ModifyNetworkInterfaceAttributeResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><return>true</return></ModifyNetworkInterfaceAttributeResponse>

--- DeleteSubnet: an interface is in it
POST /

Action=DeleteSubnet
Version=2016-11-15
SubnetId={{subnet}}
=> 400

<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>DependencyViolation</Code><Message>The subnet '{{subnet}}' has dependencies and cannot be deleted.</Message></Error></Errors><RequestID>{{*}}</RequestID></Response>

--- CreateTags
POST /

Action=CreateTags
Version=2016-11-15
ResourceId.1={{eni}}
Tag.1.Key=a
Tag.1.Value=b
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<CreateTagsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><return>true</return></CreateTagsResponse>

--- DescribeTags
POST /

Action=DescribeTags
Version=2016-11-15
Filter.1.Name=resource-id
Filter.1.Value.1={{eni}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DescribeTagsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><tagSet><item><key>a</key><resourceId>{{eni}}</resourceId><resourceType>network-interface</resourceType><value>b</value></item></tagSet></DescribeTagsResponse>

--- DeleteNetworkInterface
POST /

Action=DeleteNetworkInterface
Version=2016-11-15
NetworkInterfaceId={{eni}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DeleteNetworkInterfaceResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><return>true</return></DeleteNetworkInterfaceResponse>

--- DeleteVpcEndpoints
POST /

Action=DeleteVpcEndpoints
Version=2016-11-15
VpcEndpointId.1={{vpce}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DeleteVpcEndpointsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><unsuccessful></unsuccessful></DeleteVpcEndpointsResponse>

--- DeleteVpc: it is not empty
POST /

Action=DeleteVpc
Version=2016-11-15
VpcId={{vpc}}
=> 400

<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>DependencyViolation</Code><Message>The vpc '{{vpc}}' has dependencies and cannot be deleted.</Message></Error></Errors><RequestID>{{*}}</RequestID></Response>

--- ReplaceRouteTableAssociation: no such association
POST /

Action=ReplaceRouteTableAssociation
Version=2016-11-15
AssociationId=rtbassoc-00000000000000000
RouteTableId={{rtb}}
=> 400

<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>InvalidAssociationID.NotFound</Code><Message>The association ID 'rtbassoc-00000000000000000' does not exist</Message></Error></Errors><RequestID>{{*}}</RequestID></Response>

--- DisassociateRouteTable
POST /

Action=DisassociateRouteTable
Version=2016-11-15
AssociationId={{rtbassoc}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DisassociateRouteTableResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><return>true</return></DisassociateRouteTableResponse>

--- DeleteRouteTable
POST /

Action=DeleteRouteTable
Version=2016-11-15
RouteTableId={{rtb}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DeleteRouteTableResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><return>true</return></DeleteRouteTableResponse>

--- DeleteSecurityGroup
POST /

Action=DeleteSecurityGroup
Version=2016-11-15
GroupId={{sg}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DeleteSecurityGroupResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><return>true</return></DeleteSecurityGroupResponse>

--- DeleteSubnet
POST /

Action=DeleteSubnet
Version=2016-11-15
SubnetId={{subnet}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DeleteSubnetResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><return>true</return></DeleteSubnetResponse>

--- DeleteVpc
POST /

Action=DeleteVpc
Version=2016-11-15
VpcId={{vpc}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DeleteVpcResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><return>true</return></DeleteVpcResponse>

--- DescribeRegions
POST /

Action=DescribeRegions
Version=2016-11-15
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>{{*}}</requestId><regionInfo><item><regionEndpoint>ec2.{{region}}.amazonaws.com</regionEndpoint><regionName>{{region}}</regionName><optInStatus>opt-in-not-required</optInStatus></item></regionInfo></DescribeRegionsResponse>

--- DryRun of what would be allowed
POST /

Action=CreateVpc
Version=2016-11-15
CidrBlock=10.78.0.0/16
DryRun=true
=> 412

<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>DryRunOperation</Code><Message>Request would have succeeded, but DryRun flag is set.</Message></Error></Errors><RequestID>{{*}}</RequestID></Response>

--- RunInstances is known but absent
POST /

Action=RunInstances
Version=2016-11-15
MinCount=1
MaxCount=1
=> 501

<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>NotImplemented</Code><Message>ec2 RunInstances is known to Barmkin but not built; docs/reference/coverage.md lists what is.</Message></Error></Errors><RequestID>{{*}}</RequestID></Response>

--- a form without a subject
POST /

Action=DeleteVpc
Version=2016-11-15
=> 400

<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>MissingParameter</Code><Message>The request must contain the parameter VpcId</Message></Error></Errors><RequestID>{{*}}</RequestID></Response>
