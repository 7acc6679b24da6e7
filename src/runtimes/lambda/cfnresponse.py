# SPDX-License-Identifier: MIT
"""What AWS puts beside inline code: tells CloudFormation how a custom resource went, at the event's ResponseURL."""
import json

import urllib3

SUCCESS = "SUCCESS"
FAILED = "FAILED"

http = urllib3.PoolManager()


def send(event, context, responseStatus, responseData, physicalResourceId=None, noEcho=False, reason=None):
    stream = context.log_stream_name
    body = json.dumps({
        "Status": responseStatus,
        "Reason": reason or f"See the details in CloudWatch Log Stream: {stream}",
        "PhysicalResourceId": physicalResourceId or stream,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "NoEcho": noEcho,
        "Data": responseData,
    })
    print("Response body:")
    print(body)
    try:
        # CloudFormation's URL is signed for an empty content type.
        reply = http.request("PUT", event["ResponseURL"], body=body.encode(),
                             headers={"content-type": "", "content-length": str(len(body.encode()))})
        print("Status code:", reply.status)
    except Exception as e:  # the function has nobody else to tell
        print("send(..) failed executing http.request(..):", e)
