# SPDX-License-Identifier: MIT
# kms on the wire: JSON 1.1.
header Content-Type: application/x-amz-json-1.1

--- CreateKey
POST /
X-Amz-Target: TrentService.CreateKey

{"Description":"of the transcript","Tags":[{"TagKey":"a","TagValue":"1"}]}
=> 200

{"KeyMetadata":{"AWSAccountId":"{{dev}}","KeyId":"{{KeyId}}","Arn":"arn:aws:kms:{{region}}:{{dev}}:key/{{*}}","CreationDate":{{*}},"Enabled":true,"Description":"of the transcript","KeyUsage":"ENCRYPT_DECRYPT","KeyState":"Enabled","Origin":"AWS_KMS","KeyManager":"CUSTOMER","CustomerMasterKeySpec":"SYMMETRIC_DEFAULT","KeySpec":"SYMMETRIC_DEFAULT","EncryptionAlgorithms":["SYMMETRIC_DEFAULT"],"MultiRegion":false}}

--- CreateKey: no such kind
POST /
X-Amz-Target: TrentService.CreateKey

{"KeySpec":"RSA_2048"}
=> 400

{"__type":"UnsupportedOperationException","message":"Barmkin makes keys of KeySpec SYMMETRIC_DEFAULT and KeyUsage ENCRYPT_DECRYPT only."}

--- CreateKey: a policy that is none
POST /
X-Amz-Target: TrentService.CreateKey

{"Policy":"{"}
=> 400

{"__type":"MalformedPolicyDocumentException","message":"string or '}' expected near end of file at line 1 column 1"}

--- CreateKey: a policy that locks out
POST /
X-Amz-Target: TrentService.CreateKey

{"Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[]}"}
=> 400

{"__type":"MalformedPolicyDocumentException","message":"Syntax errors in policy. The policy has no statement"}

--- DescribeKey
POST /
X-Amz-Target: TrentService.DescribeKey

{"KeyId":"{{KeyId}}"}
=> 200

{"KeyMetadata":{"AWSAccountId":"{{dev}}","KeyId":"{{KeyId}}","Arn":"arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}}","CreationDate":{{*}},"Enabled":true,"Description":"of the transcript","KeyUsage":"ENCRYPT_DECRYPT","KeyState":"Enabled","Origin":"AWS_KMS","KeyManager":"CUSTOMER","CustomerMasterKeySpec":"SYMMETRIC_DEFAULT","KeySpec":"SYMMETRIC_DEFAULT","EncryptionAlgorithms":["SYMMETRIC_DEFAULT"],"MultiRegion":false}}

--- DescribeKey: there is none
POST /
X-Amz-Target: TrentService.DescribeKey

{"KeyId":"00000000-0000-0000-0000-000000000000"}
=> 400

{"__type":"NotFoundException","message":"Invalid keyId '00000000-0000-0000-0000-000000000000'"}

--- DescribeKey: no key said
POST /
X-Amz-Target: TrentService.DescribeKey

{}
=> 400

{"__type":"ValidationException","message":"1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null"}

--- DescribeKey by another account
as staging
POST /
X-Amz-Target: TrentService.DescribeKey

{"KeyId":"arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}}"}
=> 400

{"__type":"AccessDeniedException","Message":"User: arn:aws:iam::{{staging}}:user/admin is not authorized to perform: kms:DescribeKey on resource: arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}} because no resource-based policy allows the kms:DescribeKey action"}

--- GetKeyPolicy
POST /
X-Amz-Target: TrentService.GetKeyPolicy

{"KeyId":"{{KeyId}}","PolicyName":"default"}
=> 200

{"Policy":"{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n    \"Sid\" : \"Enable IAM User Permissions\",\n    \"Effect\" : \"Allow\",\n    \"Principal\" : {\n      \"AWS\" : \"arn:aws:iam::{{dev}}:root\"\n    },\n    \"Action\" : \"kms:*\",\n    \"Resource\" : \"*\"\n  } ]\n}","PolicyName":"default"}

--- ListKeyPolicies
POST /
X-Amz-Target: TrentService.ListKeyPolicies

{"KeyId":"{{KeyId}}"}
=> 200

{"PolicyNames":["default"],"Truncated":false}

--- PutKeyPolicy
POST /
X-Amz-Target: TrentService.PutKeyPolicy

{"KeyId":"{{KeyId}}","PolicyName":"default","Policy":"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::{{dev}}:root\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}}"}
=> 200

--- GetKeyPolicy: byte by byte
POST /
X-Amz-Target: TrentService.GetKeyPolicy

{"KeyId":"{{KeyId}}","PolicyName":"default"}
=> 200

{"Policy":"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::{{dev}}:root\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}}","PolicyName":"default"}

--- CreateAlias
POST /
X-Amz-Target: TrentService.CreateAlias

{"AliasName":"alias/{{unique}}","TargetKeyId":"{{KeyId}}"}
=> 200

--- CreateAlias: it exists
POST /
X-Amz-Target: TrentService.CreateAlias

{"AliasName":"alias/{{unique}}","TargetKeyId":"{{KeyId}}"}
=> 400

{"__type":"AlreadyExistsException","message":"An alias with the name arn:aws:kms:{{region}}:{{dev}}:alias/{{unique}} already exists"}

--- CreateAlias: no alias' name
POST /
X-Amz-Target: TrentService.CreateAlias

{"AliasName":"{{unique}}","TargetKeyId":"{{KeyId}}"}
=> 400

{"__type":"InvalidAliasNameException","message":"Invalid alias name {{unique}}: alias/ and then letters, digits, '/', '_' and '-'."}

--- UpdateAlias to the key it names
POST /
X-Amz-Target: TrentService.UpdateAlias

{"AliasName":"alias/{{unique}}","TargetKeyId":"{{KeyId}}"}
=> 200

--- ListAliases of a key
POST /
X-Amz-Target: TrentService.ListAliases

{"KeyId":"{{KeyId}}"}
=> 200

{"Aliases":[{"AliasName":"alias/{{unique}}","AliasArn":"arn:aws:kms:{{region}}:{{dev}}:alias/{{unique}}","TargetKeyId":"{{KeyId}}","CreationDate":{{*}},"LastUpdatedDate":{{*}}}],"Truncated":false}

--- ListKeys: not a marker
POST /
X-Amz-Target: TrentService.ListKeys

{"Marker":"x"}
=> 400

{"__type":"InvalidMarkerException","message":"The marker is not valid."}

--- Encrypt
POST /
X-Amz-Target: TrentService.Encrypt

{"KeyId":"alias/{{unique}}","Plaintext":"aGVsbG8=","EncryptionContext":{"b":"2","a":"1"}}
=> 200

{"CiphertextBlob":"{{sealed}}","KeyId":"arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}}","EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}

--- Decrypt
POST /
X-Amz-Target: TrentService.Decrypt

{"CiphertextBlob":"{{sealed}}","EncryptionContext":{"a":"1","b":"2"}}
=> 200

{"KeyId":"arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}}","Plaintext":"aGVsbG8=","EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}

--- Decrypt: another context
POST /
X-Amz-Target: TrentService.Decrypt

{"CiphertextBlob":"{{sealed}}"}
=> 400

{"__type":"InvalidCiphertextException","message":"The ciphertext or the encryption context is not what was encrypted."}

--- Decrypt: not a ciphertext
POST /
X-Amz-Target: TrentService.Decrypt

{"CiphertextBlob":"aGVsbG8="}
=> 400

{"__type":"InvalidCiphertextException","message":"The ciphertext is not one of this service."}

--- Decrypt: not base64
POST /
X-Amz-Target: TrentService.Decrypt

{"CiphertextBlob":"?"}
=> 400

{"__type":"SerializationException","message":"Member 'CiphertextBlob' must be base64 text"}

--- Decrypt by another account
as staging
POST /
X-Amz-Target: TrentService.Decrypt

{"CiphertextBlob":"{{sealed}}","EncryptionContext":{"a":"1","b":"2"}}
=> 400

{"__type":"AccessDeniedException","Message":"User: arn:aws:iam::{{staging}}:user/admin is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}} because no resource-based policy allows the kms:Decrypt action"}

--- GenerateDataKey
POST /
X-Amz-Target: TrentService.GenerateDataKey

{"KeyId":"arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}}","KeySpec":"AES_128"}
=> 200

{"CiphertextBlob":"{{*}}","Plaintext":"{{*}}","KeyId":"arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}}"}

--- GenerateDataKey: of no size
POST /
X-Amz-Target: TrentService.GenerateDataKey

{"KeyId":"arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}}"}
=> 400

{"__type":"ValidationException","message":"Please specify either number of bytes or key spec."}

--- GenerateDataKeyWithoutPlaintext
POST /
X-Amz-Target: TrentService.GenerateDataKeyWithoutPlaintext

{"KeyId":"arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}}","NumberOfBytes":64}
=> 200

{"CiphertextBlob":"{{*}}","KeyId":"arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}}"}

--- ReEncrypt is judged and not built
POST /
X-Amz-Target: TrentService.ReEncrypt

{"CiphertextBlob":"{{sealed}}","DestinationKeyId":"{{KeyId}}"}
=> 501

{"__type":"NotImplemented","message":"kms ReEncrypt is known to Barmkin but not built; docs/reference/coverage.md lists what is."}

--- CreateGrant
POST /
X-Amz-Target: TrentService.CreateGrant

{"KeyId":"{{KeyId}}","GranteePrincipal":"arn:aws:iam::{{staging}}:root","Operations":["Decrypt","DescribeKey"],"Constraints":{"EncryptionContextSubset":{"a":"1"}},"Name":"n"}
=> 200

{"GrantToken":"{{token}}","GrantId":"{{grant}}"}

--- CreateGrant: nobody
POST /
X-Amz-Target: TrentService.CreateGrant

{"KeyId":"{{KeyId}}","GranteePrincipal":"arn:aws:iam::{{staging}}:role/nobody","Operations":["Decrypt"]}
=> 400

{"__type":"InvalidArnException","message":"ARN does not refer to a valid principal: arn:aws:iam::{{staging}}:role/nobody"}

--- ListGrants
POST /
X-Amz-Target: TrentService.ListGrants

{"KeyId":"{{KeyId}}"}
=> 200

{"Grants":[{"KeyId":"arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}}","GrantId":"{{grant}}","Name":"n","CreationDate":{{*}},"GranteePrincipal":"arn:aws:iam::{{staging}}:root","IssuingAccount":"{{dev}}","Operations":["Decrypt","DescribeKey"],"Constraints":{"EncryptionContextSubset":{"a":"1"}}}],"Truncated":false}

--- ListRetirableGrants
POST /
X-Amz-Target: TrentService.ListRetirableGrants

{"RetiringPrincipal":"arn:aws:iam::{{dev}}:root"}
=> 200

{"Grants":[],"Truncated":false}

--- RetireGrant
POST /
X-Amz-Target: TrentService.RetireGrant

{"GrantToken":"{{token}}"}
=> 200

--- RetireGrant: it is gone
POST /
X-Amz-Target: TrentService.RetireGrant

{"GrantToken":"{{token}}"}
=> 400

{"__type":"InvalidGrantTokenException","message":"The grant token is not valid."}

--- RevokeGrant: it is gone
POST /
X-Amz-Target: TrentService.RevokeGrant

{"KeyId":"{{KeyId}}","GrantId":"{{grant}}"}
=> 400

{"__type":"NotFoundException","message":"Grant ID {{grant}} not found"}

--- EnableKeyRotation
POST /
X-Amz-Target: TrentService.EnableKeyRotation

{"KeyId":"{{KeyId}}","RotationPeriodInDays":90}
=> 200

--- GetKeyRotationStatus
POST /
X-Amz-Target: TrentService.GetKeyRotationStatus

{"KeyId":"{{KeyId}}"}
=> 200

{"KeyRotationEnabled":true,"KeyId":"arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}}","RotationPeriodInDays":90}

--- DisableKeyRotation
POST /
X-Amz-Target: TrentService.DisableKeyRotation

{"KeyId":"{{KeyId}}"}
=> 200

--- TagResource
POST /
X-Amz-Target: TrentService.TagResource

{"KeyId":"{{KeyId}}","Tags":[{"TagKey":"b","TagValue":"2"}]}
=> 200

--- UntagResource
POST /
X-Amz-Target: TrentService.UntagResource

{"KeyId":"{{KeyId}}","TagKeys":["a"]}
=> 200

--- ListResourceTags
POST /
X-Amz-Target: TrentService.ListResourceTags

{"KeyId":"{{KeyId}}"}
=> 200

{"Tags":[{"TagKey":"b","TagValue":"2"}],"Truncated":false}

--- UpdateKeyDescription
POST /
X-Amz-Target: TrentService.UpdateKeyDescription

{"KeyId":"{{KeyId}}","Description":"new"}
=> 200

--- DisableKey
POST /
X-Amz-Target: TrentService.DisableKey

{"KeyId":"{{KeyId}}"}
=> 200

--- Encrypt: it is disabled
POST /
X-Amz-Target: TrentService.Encrypt

{"KeyId":"{{KeyId}}","Plaintext":"aGVsbG8="}
=> 400

{"__type":"DisabledException","message":"arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}} is disabled."}

--- EnableKey
POST /
X-Amz-Target: TrentService.EnableKey

{"KeyId":"{{KeyId}}"}
=> 200

--- DeleteAlias
POST /
X-Amz-Target: TrentService.DeleteAlias

{"AliasName":"alias/{{unique}}"}
=> 200

--- DeleteAlias: it is gone
POST /
X-Amz-Target: TrentService.DeleteAlias

{"AliasName":"alias/{{unique}}"}
=> 400

{"__type":"NotFoundException","message":"Alias arn:aws:kms:{{region}}:{{dev}}:alias/{{unique}} is not found."}

--- ScheduleKeyDeletion: too soon
POST /
X-Amz-Target: TrentService.ScheduleKeyDeletion

{"KeyId":"{{KeyId}}","PendingWindowInDays":1}
=> 400

{"__type":"ValidationException","message":"PendingWindowInDays must be between 7 and 30, not 1."}

--- ScheduleKeyDeletion
POST /
X-Amz-Target: TrentService.ScheduleKeyDeletion

{"KeyId":"{{KeyId}}","PendingWindowInDays":7}
=> 200

{"KeyId":"arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}}","DeletionDate":{{*}},"KeyState":"PendingDeletion","PendingWindowInDays":7}

--- Encrypt: it is pending deletion
POST /
X-Amz-Target: TrentService.Encrypt

{"KeyId":"{{KeyId}}","Plaintext":"aGVsbG8="}
=> 400

{"__type":"KMSInvalidStateException","message":"arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}} is pending deletion."}

--- CancelKeyDeletion
POST /
X-Amz-Target: TrentService.CancelKeyDeletion

{"KeyId":"{{KeyId}}"}
=> 200

{"KeyId":"arn:aws:kms:{{region}}:{{dev}}:key/{{KeyId}}"}
