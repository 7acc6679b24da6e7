# SPDX-License-Identifier: MIT
# kms on the wire: JSON 1.1. tests/sdk/test_kms.py has the rest.
header Content-Type: application/x-amz-json-1.1

--- CreateKey
POST /
X-Amz-Target: TrentService.CreateKey

{"Description":"for a transcript"}
=> 200

{"KeyMetadata":{"AWSAccountId":"{{dev}}","KeyId":"{{key}}","Arn":"arn:aws:kms:{{region}}:{{dev}}:key/{{key}}",{{*}}}}

--- DescribeKey of another account
as staging
POST /
X-Amz-Target: TrentService.DescribeKey

{"KeyId":"arn:aws:kms:{{region}}:{{dev}}:key/{{key}}"}
=> 400

{"__type":"AccessDeniedException","Message":"User: arn:aws:iam::{{staging}}:user/admin is not authorized to perform: kms:DescribeKey on resource: arn:aws:kms:{{region}}:{{dev}}:key/{{key}} because no resource-based policy allows the kms:DescribeKey action"}

--- Encrypt under a key that is not there
POST /
X-Amz-Target: TrentService.Encrypt

{"KeyId":"{{key}}0","Plaintext":"AA=="}
=> 400

{"__type":"NotFoundException","message":"Invalid keyId '{{key}}0'"}

--- Decrypt of what nobody encrypted
POST /
X-Amz-Target: TrentService.Decrypt

{"CiphertextBlob":"AAECAwQFBgc="}
=> 400

{"__type":"InvalidCiphertextException","message":"The ciphertext is not one of this service."}

--- ReleaseVolumeKey is not for callers
POST /
X-Amz-Target: TrentService.ReleaseVolumeKey

{"CiphertextBlob":"AAECAwQFBgc=","VolumeId":"vol-0123456789abcdef0","KeyId":"{{key}}"}
=> 400

{"__type":"InvalidCiphertextException","message":"The ciphertext is not one of this service."}

--- ScheduleKeyDeletion
POST /
X-Amz-Target: TrentService.ScheduleKeyDeletion

{"KeyId":"{{key}}","PendingWindowInDays":7}
=> 200

{"KeyId":"arn:aws:kms:{{region}}:{{dev}}:key/{{key}}","DeletionDate":{{*}},"KeyState":"PendingDeletion","PendingWindowInDays":7}

--- GenerateDataKey under a key that will go
POST /
X-Amz-Target: TrentService.GenerateDataKey

{"KeyId":"{{key}}","KeySpec":"AES_256"}
=> 400

{"__type":"KMSInvalidStateException","message":"arn:aws:kms:{{region}}:{{dev}}:key/{{key}} is pending deletion."}
