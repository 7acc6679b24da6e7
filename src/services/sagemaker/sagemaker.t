# SPDX-License-Identifier: MIT
# sagemaker on the wire, in an account that has none of it yet: JSON 1.1. tests/sdk/test_sagemaker*.py have the rest.
header Content-Type: application/x-amz-json-1.1

--- ListEndpoints
as prod
POST /
X-Amz-Target: SageMaker.ListEndpoints

{"NameContains":"nothing-{{unique}}"}
=> 200

{"Endpoints":[]}

--- ListEndpointConfigs
as prod
POST /
X-Amz-Target: SageMaker.ListEndpointConfigs

{"NameContains":"nothing-{{unique}}","MaxResults":1}
=> 200

{"EndpointConfigs":[]}

--- UpdateEndpoint: no such endpoint
as prod
POST /
X-Amz-Target: SageMaker.UpdateEndpoint

{"EndpointName":"nothing-{{unique}}","EndpointConfigName":"nothing-{{unique}}"}
=> 400

{"__type":"ValidationException","message":"Could not find endpoint \"arn:aws:sagemaker:{{region}}:{{prod}}:endpoint/nothing-{{unique}}\"."}

--- DescribeTrainingJob: no such job
as prod
POST /
X-Amz-Target: SageMaker.DescribeTrainingJob

{"TrainingJobName":"nothing-{{unique}}"}
=> 400

{"__type":"ResourceNotFound","message":"Requested resource not found."}

--- CreateTrainingJob: without its role
as prod
POST /
X-Amz-Target: SageMaker.CreateTrainingJob

{"TrainingJobName":"t"}
=> 400

{"__type":"ValidationException","message":"1 validation error detected: Value null at 'algorithmSpecification' failed to satisfy constraint: Member must not be null"}

--- ListModels: a page of none
as prod
POST /
X-Amz-Target: SageMaker.ListModels

{"MaxResults":1000}
=> 400

{"__type":"ValidationException","message":"1 validation error detected: Value '1000' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100"}

--- CreateNotebookInstance is known but absent
as prod
POST /
X-Amz-Target: SageMaker.CreateNotebookInstance

{"NotebookInstanceName":"n","InstanceType":"ml.t3.medium","RoleArn":"arn:aws:iam::{{prod}}:role/nobody"}
=> 501

{"__type":"NotImplemented","message":"sagemaker CreateNotebookInstance is known to Barmkin but not built; docs/reference/coverage.md lists what is."}

--- ListDomains
as prod
POST /
X-Amz-Target: SageMaker.ListDomains

{}
=> 200

{"Domains":[]}

--- DescribeDomain: there is none
as prod
POST /
X-Amz-Target: SageMaker.DescribeDomain

{"DomainId":"d-0123456789ab"}
=> 400

{"__type":"ResourceNotFound","message":"Could not find arn:aws:sagemaker:{{region}}:{{prod}}:domain/d-0123456789ab."}

--- CreateApp: in no domain
as prod
POST /
X-Amz-Target: SageMaker.CreateApp

{"DomainId":"d-0123456789ab","UserProfileName":"ana","AppType":"JupyterServer","AppName":"default"}
=> 400

{"__type":"ResourceNotFound","message":"Could not find arn:aws:sagemaker:{{region}}:{{prod}}:domain/d-0123456789ab."}

--- DescribeApp: a type that is none
as prod
POST /
X-Amz-Target: SageMaker.DescribeApp

{"DomainId":"d-0123456789ab","UserProfileName":"ana","AppType":"Jupyter","AppName":"default"}
=> 400

{{*}}
