# SPDX-License-Identifier: MIT
"""s3 multipart uploads through boto3."""
import hashlib
import io
import os

import boto3.s3.transfer
import pytest

from test_s3_objects import blobs

PART = 5 << 20
BYTES = os.urandom(1 << 20) * 21


@pytest.fixture
def s3(client):
    return client("s3")


@pytest.fixture
def bucket(s3, name):
    s3.create_bucket(Bucket=name)
    return name


def etag_of(parts):
    return '"' + hashlib.md5(b"".join(hashlib.md5(p).digest() for p in parts)).hexdigest() + f'-{len(parts)}"'


@pytest.mark.old_client
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_the_transfer_manager(server, bucket, scheme):
    s3 = server.client("s3", endpoint_url=server.url.replace("https:", scheme + ":"))
    config = boto3.s3.transfer.TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=8 << 20)
    s3.upload_fileobj(io.BytesIO(BYTES[:20 << 20]), bucket, "big", Config=config, ExtraArgs={"Metadata": {"a": "b"}})
    head = s3.head_object(Bucket=bucket, Key="big")
    assert head["ETag"] == etag_of([BYTES[:8 << 20], BYTES[8 << 20:16 << 20], BYTES[16 << 20:20 << 20]])
    assert (head["ContentLength"], head["Metadata"]) == (20 << 20, {"a": "b"})
    back = io.BytesIO()
    s3.download_fileobj(bucket, "big", back, Config=config)
    assert back.getvalue() == BYTES[:20 << 20]
    assert s3.get_object(Bucket=bucket, Key="big")["Body"].read() == BYTES[:20 << 20]


def test_by_hand_out_of_order_and_over_borders(server, s3, bucket):
    """CreateMultipartUpload, UploadPart, ListParts, ListMultipartUploads, CompleteMultipartUpload"""
    before = blobs(server)
    up = s3.create_multipart_upload(Bucket=bucket, Key="k", ContentType="a/b", Tagging="x=1")["UploadId"]
    parts = {3: BYTES[2 * PART:2 * PART + 77], 1: BYTES[:PART], 2: BYTES[PART:2 * PART]}
    etags = {n: s3.upload_part(Bucket=bucket, Key="k", UploadId=up, PartNumber=n, Body=b)["ETag"]
             for n, b in parts.items()}
    s3.upload_part(Bucket=bucket, Key="k", UploadId=up, PartNumber=9, Body=b"left out")
    etags[2] = s3.upload_part(Bucket=bucket, Key="k", UploadId=up, PartNumber=2, Body=parts[2])["ETag"]  # once more
    assert blobs(server) == before + 4
    assert [u["UploadId"] for u in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [up]
    first = s3.list_parts(Bucket=bucket, Key="k", UploadId=up, MaxParts=2)
    assert [p["PartNumber"] for p in first["Parts"]] == [1, 2] and first["IsTruncated"]
    rest = s3.list_parts(Bucket=bucket, Key="k", UploadId=up, PartNumberMarker=first["NextPartNumberMarker"])
    assert [(p["PartNumber"], p["Size"]) for p in rest["Parts"]] == [(3, 77), (9, 8)]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    done = s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=up, MultipartUpload={
        "Parts": [{"PartNumber": n, "ETag": etags[n]} for n in (1, 2, 3)]})
    assert done["ETag"] == etag_of([parts[1], parts[2], parts[3]])
    assert blobs(server) == before + 3
    whole = parts[1] + parts[2] + parts[3]
    for a, b in ((0, 0), (PART - 1, PART), (PART - 5, 2 * PART + 5), (2 * PART, 2 * PART + 76), (0, 2 * PART + 76)):
        got = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={a}-{b}")
        assert got["Body"].read() == whole[a:b + 1]
    second = s3.get_object(Bucket=bucket, Key="k", PartNumber=2)
    assert (second["PartsCount"], second["Body"].read()) == (3, parts[2])
    head = s3.head_object(Bucket=bucket, Key="k", PartNumber=3)
    assert (head["ContentLength"], head["ContentType"]) == (77, "a/b")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "x", "Value": "1"}]
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="k")
    assert blobs(server) == before


def test_many_parts(server, s3, bucket):
    """More segments than a record holds itself; a copy of them; replacing."""
    before = blobs(server)
    up = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    body, parts = BYTES[:PART], []
    for n in range(1, 13):
        parts.append({"PartNumber": n, "ETag": s3.upload_part(Bucket=bucket, Key="k", UploadId=up, PartNumber=n,
                                                              Body=body)["ETag"]})
    s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=up, MultipartUpload={"Parts": parts})
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k")
    s3.put_object(Bucket=bucket, Key="k", Body=b"small now")
    md5 = hashlib.md5()
    for piece in s3.get_object(Bucket=bucket, Key="copy")["Body"].iter_chunks(1 << 20):
        md5.update(piece)
    assert md5.hexdigest() == hashlib.md5(body * 12).hexdigest()
    assert blobs(server) == before + 13
    for key in ("k", "copy"):
        s3.delete_object(Bucket=bucket, Key=key)
    assert blobs(server) == before


def test_completions_that_cannot_be(s3, bucket, refuses):
    up = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    one, two = (s3.upload_part(Bucket=bucket, Key="k", UploadId=up, PartNumber=n, Body=b"small")["ETag"] for n in (1, 2))

    def complete(*parts, key="k", upload=up):
        s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={
            "Parts": [{"PartNumber": n, "ETag": e} for n, e in parts]})
    with refuses("EntityTooSmall"):
        complete((1, one), (2, two))
    with refuses("InvalidPartOrder"):
        complete((2, two), (1, one))
    with refuses("InvalidPartOrder"):
        complete((1, one), (1, one))
    with refuses("InvalidPart"):
        complete((3, one))
    with refuses("InvalidPart"):
        complete((1, '"00000000000000000000000000000000"'))
    with refuses("MalformedXML"):
        complete()
    with refuses("NoSuchUpload"):
        complete((1, one), key="other")
    with refuses("NoSuchUpload"):
        complete((1, one), upload="nothing")
    with refuses("NoSuchKey"):
        s3.get_object(Bucket=bucket, Key="k")
    complete((1, one.strip('"')))
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"small"
    with refuses("NoSuchUpload"):
        complete((1, one))


def test_parts_that_cannot_be(s3, bucket, refuses):
    up = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    for bad in (0, 10001, -1):
        with refuses("InvalidArgument"):
            s3.upload_part(Bucket=bucket, Key="k", UploadId=up, PartNumber=bad, Body=b"")
    with refuses("NoSuchUpload"):
        s3.upload_part(Bucket=bucket, Key="k", UploadId="0" * 48, PartNumber=1, Body=b"")
    with refuses("NotImplemented"):
        s3.upload_part_copy(Bucket=bucket, Key="k", UploadId=up, PartNumber=1, CopySource=f"{bucket}/x")


def test_aborting_leaves_nothing(server, s3, bucket, refuses):
    """AbortMultipartUpload"""
    before = blobs(server)
    up = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="k", UploadId=up, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=up)
    assert blobs(server) == before
    with refuses("NoSuchUpload"):
        s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=up)
    with refuses("NoSuchUpload"):
        s3.list_parts(Bucket=bucket, Key="k", UploadId=up)
