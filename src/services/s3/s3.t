# SPDX-License-Identifier: MIT
# s3 on the wire: REST and XML.

--- CreateBucket
PUT /t-{{unique}}
=> 200
Location: /t-{{unique}}

--- CreateBucket: one's own, again
PUT /t-{{unique}}
=> 200

--- CreateBucket: another account's
as prod
PUT /t-{{unique}}
=> 409

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>BucketAlreadyExists</Code><Message>The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.</Message><BucketName>t-{{unique}}</BucketName><Resource>/t-{{unique}}</Resource><RequestId>{{*}}</RequestId></Error>

--- CreateBucket: no name
PUT /No_Name
=> 400

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>InvalidBucketName</Code><Message>The specified bucket is not valid.</Message><BucketName>No_Name</BucketName><Resource>/No_Name</Resource><RequestId>{{*}}</RequestId></Error>

--- CreateBucket: elsewhere
PUT /t-{{unique}}-eu

<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <LocationConstraint>eu-west-1</LocationConstraint>
</CreateBucketConfiguration>
=> 200

--- GetBucketLocation
GET /t-{{unique}}-eu?location
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-1</LocationConstraint>

--- GetBucketLocation: the oldest region
GET /t-{{unique}}?location
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>

--- HeadBucket
HEAD /t-{{unique}}-eu
=> 200
x-amz-bucket-region: eu-west-1

--- HeadBucket: there is none
HEAD /t-{{unique}}-none
=> 404

--- DeleteBucket
DELETE /t-{{unique}}-eu
=> 204

--- GetBucketEncryption
GET /t-{{unique}}?encryption
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>

--- GetPublicAccessBlock
GET /t-{{unique}}?publicAccessBlock
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<PublicAccessBlockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>

--- GetBucketPolicy: there is none
GET /t-{{unique}}?policy
=> 404

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>NoSuchBucketPolicy</Code><Message>The bucket policy does not exist</Message><BucketName>t-{{unique}}</BucketName><Resource>/t-{{unique}}</Resource><RequestId>{{*}}</RequestId></Error>

--- PutBucketPolicy: everybody, while that is blocked
PUT /t-{{unique}}?policy

{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::t-{{unique}}/*"}]}
=> 403

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::{{dev}}:user/admin is not authorized to perform: s3:PutBucketPolicy on resource: arn:aws:s3:::t-{{unique}} because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.</Message><Resource>/t-{{unique}}</Resource><RequestId>{{*}}</RequestId></Error>

--- PutBucketPolicy: of another bucket
PUT /t-{{unique}}?policy

{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::another/*"}]}
=> 400

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>MalformedPolicy</Code><Message>Policy has invalid resource</Message><Resource>/t-{{unique}}</Resource><RequestId>{{*}}</RequestId></Error>

--- PutBucketPolicy
PUT /t-{{unique}}?policy

{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Principal":{"AWS":["{{prod}}"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::t-{{unique}}/shared/*"}]}
=> 204

--- GetBucketPolicy: account ids are written as roots
GET /t-{{unique}}?policy
=> 200

{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::{{prod}}:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::t-{{unique}}/shared/*"}]}

--- PutObject
PUT /t-{{unique}}/shared/a%20b
Content-Type: text/plain
x-amz-meta-who: me
x-amz-tagging: team=ml

hello
=> 200
ETag: "5d41402abc4b2a76b9719d911017c592"
x-amz-server-side-encryption: AES256

--- GetObject
as prod
GET /t-{{unique}}/shared/a%20b
=> 200
Content-Type: text/plain
x-amz-meta-who: me
Accept-Ranges: bytes
x-amz-tagging-count: 1

hello

--- GetObject: a range
GET /t-{{unique}}/shared/a%20b
Range: bytes=1-3
=> 206
Content-Range: bytes 1-3/5

ell

--- GetObject: beyond the end
GET /t-{{unique}}/shared/a%20b
Range: bytes=5-
=> 416

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>InvalidRange</Code><Message>The requested range is not satisfiable</Message><RangeRequested>bytes=5-</RangeRequested><Resource>/t-{{unique}}/shared/a%20b</Resource><RequestId>{{*}}</RequestId></Error>

--- GetObject: unchanged
GET /t-{{unique}}/shared/a%20b
If-None-Match: "5d41402abc4b2a76b9719d911017c592"
=> 304
ETag: "5d41402abc4b2a76b9719d911017c592"

--- GetObject: changed
GET /t-{{unique}}/shared/a%20b
If-Match: "00000000000000000000000000000000"
=> 412

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>PreconditionFailed</Code><Message>At least one of the pre-conditions you specified did not hold</Message><Condition>If-Match</Condition><Resource>/t-{{unique}}/shared/a%20b</Resource><RequestId>{{*}}</RequestId></Error>

--- GetObject: there is none, and one may know
GET /t-{{unique}}/none
=> 404

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>none</Key><Resource>/t-{{unique}}/none</Resource><RequestId>{{*}}</RequestId></Error>

--- GetObject: there is none, and one may not know
as prod
GET /t-{{unique}}/shared/none
=> 403

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::{{prod}}:user/admin is not authorized to perform: s3:ListBucket on resource: arn:aws:s3:::t-{{unique}} because no resource-based policy allows the s3:ListBucket action</Message><Resource>/t-{{unique}}/shared/none</Resource><RequestId>{{*}}</RequestId></Error>

--- GetObject: not shared
as prod
GET /t-{{unique}}/secret
=> 403

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::{{prod}}:user/admin is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::t-{{unique}}/secret because no resource-based policy allows the s3:GetObject action</Message><Resource>/t-{{unique}}/secret</Resource><RequestId>{{*}}</RequestId></Error>

--- GetObject: nobody
as nobody
GET /t-{{unique}}/shared/a%20b
=> 403

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDenied</Code><Message>User: anonymous is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::t-{{unique}}/shared/a b because no resource-based policy allows the s3:GetObject action</Message><Resource>/t-{{unique}}/shared/a%20b</Resource><RequestId>{{*}}</RequestId></Error>

--- HeadObject
HEAD /t-{{unique}}/shared/a%20b
=> 200
ETag: "5d41402abc4b2a76b9719d911017c592"
Content-Length: 5

--- GetObjectTagging
GET /t-{{unique}}/shared/a%20b?tagging
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>team</Key><Value>ml</Value></Tag></TagSet></Tagging>

--- CopyObject
PUT /t-{{unique}}/copy
x-amz-copy-source: /t-{{unique}}/shared/a%20b
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<CopyObjectResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LastModified>{{*}}</LastModified><ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag></CopyObjectResult>

--- CopyObject: from nowhere
PUT /t-{{unique}}/copy
x-amz-copy-source: /t-{{unique}}/none
=> 404

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>none</Key><Resource>/t-{{unique}}/copy</Resource><RequestId>{{*}}</RequestId></Error>

--- ListObjectsV2
GET /t-{{unique}}?list-type=2&delimiter=%2F&encoding-type=url
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>t-{{unique}}</Name><Prefix></Prefix><KeyCount>2</KeyCount><MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated><Contents><Key>copy</Key><LastModified>{{*}}</LastModified><ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag><Size>5</Size><StorageClass>STANDARD</StorageClass></Contents><CommonPrefixes><Prefix>shared/</Prefix></CommonPrefixes></ListBucketResult>

--- ListObjectsV2: another account
as prod
GET /t-{{unique}}?list-type=2
=> 403

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::{{prod}}:user/admin is not authorized to perform: s3:ListBucket on resource: arn:aws:s3:::t-{{unique}} because no resource-based policy allows the s3:ListBucket action</Message><Resource>/t-{{unique}}</Resource><RequestId>{{*}}</RequestId></Error>

--- ListObjects
GET /t-{{unique}}?prefix=shared%2F
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>t-{{unique}}</Name><Prefix>shared/</Prefix><Marker></Marker><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated><Contents><Key>shared/a b</Key><LastModified>{{*}}</LastModified><ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag><Size>5</Size><StorageClass>STANDARD</StorageClass><Owner><DisplayName>{{dev}}</DisplayName><ID>{{owner}}</ID></Owner></Contents></ListBucketResult>

--- CreateMultipartUpload
POST /t-{{unique}}/big?uploads
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>t-{{unique}}</Bucket><Key>big</Key><UploadId>{{upload}}</UploadId></InitiateMultipartUploadResult>

--- UploadPart
PUT /t-{{unique}}/big?partNumber=1&uploadId={{upload}}

part
=> 200
ETag: "f4c9385f1902f7334b00b9b4ecd164de"

--- ListParts
GET /t-{{unique}}/big?uploadId={{upload}}
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<ListPartsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>t-{{unique}}</Bucket><Key>big</Key><UploadId>{{upload}}</UploadId><PartNumberMarker>0</PartNumberMarker><NextPartNumberMarker>1</NextPartNumberMarker><MaxParts>1000</MaxParts><IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber><LastModified>{{*}}</LastModified><ETag>&quot;f4c9385f1902f7334b00b9b4ecd164de&quot;</ETag><Size>4</Size></Part><Initiator><DisplayName>arn:aws:iam::{{dev}}:user/admin</DisplayName><ID>arn:aws:iam::{{dev}}:user/admin</ID></Initiator><Owner><DisplayName>{{dev}}</DisplayName><ID>{{owner}}</ID></Owner><StorageClass>STANDARD</StorageClass></ListPartsResult>

--- ListMultipartUploads
GET /t-{{unique}}?uploads
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>t-{{unique}}</Bucket><KeyMarker></KeyMarker><UploadIdMarker></UploadIdMarker><MaxUploads>1000</MaxUploads><IsTruncated>false</IsTruncated><Upload><UploadId>{{upload}}</UploadId><Key>big</Key><Initiated>{{*}}</Initiated><StorageClass>STANDARD</StorageClass><Owner><DisplayName>{{dev}}</DisplayName><ID>{{owner}}</ID></Owner><Initiator><DisplayName>arn:aws:iam::{{dev}}:user/admin</DisplayName><ID>arn:aws:iam::{{dev}}:user/admin</ID></Initiator></Upload></ListMultipartUploadsResult>

--- CompleteMultipartUpload: a part that is not there
POST /t-{{unique}}/big?uploadId={{upload}}

<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Part><PartNumber>2</PartNumber><ETag>"f4c9385f1902f7334b00b9b4ecd164de"</ETag></Part>
</CompleteMultipartUpload>
=> 400

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>InvalidPart</Code><Message>One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.</Message><Resource>/t-{{unique}}/big</Resource><RequestId>{{*}}</RequestId></Error>

--- CompleteMultipartUpload
POST /t-{{unique}}/big?uploadId={{upload}}

<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Part><PartNumber>1</PartNumber><ETag>"f4c9385f1902f7334b00b9b4ecd164de"</ETag></Part>
</CompleteMultipartUpload>
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<CompleteMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Location>/t-{{unique}}/big</Location><Bucket>t-{{unique}}</Bucket><Key>big</Key><ETag>&quot;1819d1a8700e59901a48215b8577ac07-1&quot;</ETag></CompleteMultipartUploadResult>

--- AbortMultipartUpload: it is over
DELETE /t-{{unique}}/big?uploadId={{upload}}
=> 404

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>NoSuchUpload</Code><Message>The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.</Message><UploadId>{{upload}}</UploadId><Resource>/t-{{unique}}/big</Resource><RequestId>{{*}}</RequestId></Error>

--- DeleteObject
DELETE /t-{{unique}}/copy
=> 204

--- DeleteObjects
POST /t-{{unique}}?delete

<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Object><Key>big</Key></Object><Object><Key>never there</Key></Object>
</Delete>
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Deleted><Key>big</Key></Deleted><Deleted><Key>never there</Key></Deleted></DeleteResult>

--- DeleteObjects: not one's own
as prod
POST /t-{{unique}}?delete

<Delete><Object><Key>shared/a b</Key></Object></Delete>
=> 200

<?xml version="1.0" encoding="UTF-8"?>
<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Error><Key>shared/a b</Key><Code>AccessDenied</Code><Message>User: arn:aws:iam::{{prod}}:user/admin is not authorized to perform: s3:DeleteObject on resource: arn:aws:s3:::t-{{unique}}/shared/a b because no resource-based policy allows the s3:DeleteObject action</Message></Error></DeleteResult>

--- DeleteObjects: nothing
POST /t-{{unique}}?delete

<Delete></Delete>
=> 400

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>MalformedXML</Code><Message>The XML you provided was not well-formed or did not validate against our published schema</Message><Resource>/t-{{unique}}</Resource><RequestId>{{*}}</RequestId></Error>

--- DeleteBucket: not empty
DELETE /t-{{unique}}
=> 409

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>BucketNotEmpty</Code><Message>The bucket you tried to delete is not empty</Message><BucketName>t-{{unique}}</BucketName><Resource>/t-{{unique}}</Resource><RequestId>{{*}}</RequestId></Error>

--- a subresource nobody built is not the bucket
DELETE /t-{{unique}}?replication
=> 501

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>NotImplemented</Code><Message>The request names no operation that Barmkin knows.</Message><Resource>/t-{{unique}}</Resource><RequestId>{{*}}</RequestId></Error>
