# efs on the wire: rest-json. Mount targets need a VPC: tests/sdk/test_efs.py.
service elasticfilesystem
header Content-Type: application/json

--- DescribeFileSystems: there is none of that id
GET /2015-02-01/file-systems?FileSystemId=fs-0123456789abcdef0
=> 404

{"__type":"FileSystemNotFound","message":"File system 'fs-0123456789abcdef0' does not exist."}

--- DescribeFileSystems: none of that token
GET /2015-02-01/file-systems?CreationToken=t-{{unique}}
=> 200

{"FileSystems":[]}

--- CreateFileSystem: a key without encryption
POST /2015-02-01/file-systems

{"CreationToken":"t-{{unique}}","KmsKeyId":"alias/x"}
=> 400

{"__type":"BadRequest","message":"KmsKeyId cannot be specified unless Encrypted is true."}

--- CreateMountTarget: no such file system
POST /2015-02-01/mount-targets

{"FileSystemId":"fs-0123456789abcdef0","SubnetId":"subnet-0123456789abcdef0"}
=> 404

{"__type":"FileSystemNotFound","message":"File system 'fs-0123456789abcdef0' does not exist."}

--- DeleteMountTarget: there is none
DELETE /2015-02-01/mount-targets/fsmt-0123456789abcdef0
=> 404

{"__type":"MountTargetNotFound","message":"Mount target 'fsmt-0123456789abcdef0' does not exist."}

--- DescribeFileSystemPolicy: by an ARN
GET /2015-02-01/file-systems/arn%3Aaws%3Aelasticfilesystem%3A{{region}}%3A{{dev}}%3Afile-system%2Ffs-0123456789abcdef0/policy
=> 404

{"__type":"FileSystemNotFound","message":"File system 'fs-0123456789abcdef0' does not exist."}

--- DescribeMountTargets: neither is named
GET /2015-02-01/mount-targets
=> 400

{"__type":"BadRequest","message":"Exactly one of FileSystemId, MountTargetId and AccessPointId is required."}
