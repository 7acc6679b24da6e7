# SPDX-License-Identifier: MIT
"""s3 objects through boto3: bytes in and out, ranges, conditions, checksums, copies, listings."""
import base64
import datetime
import glob
import hashlib
import os
import socket
import time
import unittest.mock
import zlib

import pytest
from botocore.exceptions import ClientError

import wire

MANY = os.urandom(1 << 20) * 8
SIZES = [0, 1, 65535, 65536, 65537, 131072, 8 << 20]
ODD = ["a b", "a+b", "100%", "%41", "a//b", "/lead", "../up", "a/../b", "./x", "été", "鍵/🔑", "a&b<c>\"d'", "trail/",
       "q?x=1#y", "tab\there", "new\nline", "=;:@,$", "~tilde_", "\\back", "x" * 1024]


def blobs(server):
    return len([f for f in glob.glob(server.state + "/front/blobs/**", recursive=True) if os.path.isfile(f)])


@pytest.fixture(params=["https", "http"])
def s3(request, server):
    """Over TLS a current boto3 sends aws-chunked bodies with trailers; over plain HTTP a hash and a checksum header."""
    kw = {"endpoint_url": server.url.replace("https://localhost", "http://127.0.0.1").replace("https://", "http://")}
    return server.client("s3", **(kw if request.param == "http" else {}))


@pytest.fixture
def bucket(server, name):
    server.client("s3").create_bucket(Bucket=name)
    return name


@pytest.mark.old_client
@pytest.mark.parametrize("size", SIZES)
def test_what_goes_in_comes_out(s3, bucket, size):
    """PutObject, GetObject, HeadObject, DeleteObject"""
    put = s3.put_object(Bucket=bucket, Key="k", Body=MANY[:size], Metadata={"who": "me"}, ContentType="text/x",
                        CacheControl="no-store", ContentEncoding="gzip", ContentDisposition="inline")
    assert put["ETag"] == '"' + hashlib.md5(MANY[:size]).hexdigest() + '"'
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == MANY[:size]
    head = s3.head_object(Bucket=bucket, Key="k")
    for r in (got, head):
        assert r["ContentLength"] == size and r["ETag"] == put["ETag"] and r["AcceptRanges"] == "bytes"
        assert r["Metadata"] == {"who": "me"} and r["ServerSideEncryption"] == "AES256"
        assert (r["ContentType"], r["CacheControl"], r["ContentEncoding"], r["ContentDisposition"]) == (
            "text/x", "no-store", "gzip", "inline")
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_object(Bucket=bucket, Key="k")
    with pytest.raises(ClientError) as e:
        s3.get_object(Bucket=bucket, Key="k")
    assert e.value.response["Error"] == {"Code": "NoSuchKey", "Message": "The specified key does not exist.", "Key": "k",
                                         **{k: v for k, v in e.value.response["Error"].items()
                                            if k in ("Resource", "RequestId")}}


def test_nothing_of_an_object_lies_open_on_disk(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"a secret that no disk shall show" * 99)
    for f in glob.glob(server.state + "/front/**", recursive=True):
        if os.path.isfile(f):
            with open(f, "rb") as file:
                assert b"a secret that no disk" not in file.read(), f


def test_a_replaced_object_leaves_no_blob(server, s3, bucket):
    before = blobs(server)
    for body in (b"one", b"two", b"three"):
        s3.put_object(Bucket=bucket, Key="k", Body=body)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"three"
    assert blobs(server) == before + 1
    s3.delete_object(Bucket=bucket, Key="k")
    assert blobs(server) == before


@pytest.mark.parametrize("asked,first,last", [("0-0", 0, 0), ("0-", 0, 99999), ("65535-65536", 65535, 65536),
                                              ("99999-", 99999, 99999), ("-1", 99999, 99999), ("-70000", 30000, 99999),
                                              ("-999999", 0, 99999), ("5-999999999999999999", 5, 99999),
                                              ("70000-80000", 70000, 80000)])
def test_ranges(s3, bucket, asked, first, last):
    s3.put_object(Bucket=bucket, Key="k", Body=MANY[:100000])
    got = s3.get_object(Bucket=bucket, Key="k", Range="bytes=" + asked)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert got["ContentRange"] == f"bytes {first}-{last}/100000"
    assert got["Body"].read() == MANY[first:last + 1]
    head = s3.head_object(Bucket=bucket, Key="k", Range="bytes=" + asked)
    assert (head["ContentLength"], head["ResponseMetadata"]["HTTPStatusCode"]) == (last - first + 1, 206)


def test_ranges_that_are_none(s3, bucket, refuses):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    for bad in ("10-", "100-200", "-0", "18446744073709551615-"):
        with refuses("InvalidRange"):
            s3.get_object(Bucket=bucket, Key="k", Range="bytes=" + bad)
    with refuses("InvalidRange"):
        s3.get_object(Bucket=bucket, Key="empty", Range="bytes=0-")
    for ignored in ("bytes=5-2", "bytes=a-b", "bytes=", "bytes=-", "lines=1-2", "bytes=0-1,3-4",
                    "bytes=99999999999999999999999-"):
        got = s3.get_object(Bucket=bucket, Key="k", Range=ignored)
        assert (got["ResponseMetadata"]["HTTPStatusCode"], got["Body"].read()) == (200, b"0123456789")


def test_conditions(s3, bucket, refuses):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    long_ago, tomorrow = datetime.datetime(2001, 1, 1), datetime.datetime(2100, 1, 1)
    for fine in ({"IfMatch": etag}, {"IfMatch": "*"}, {"IfMatch": etag.strip('"')}, {"IfNoneMatch": '"other"'},
                 {"IfModifiedSince": long_ago}, {"IfUnmodifiedSince": tomorrow},
                 {"IfMatch": etag, "IfUnmodifiedSince": long_ago}, {"IfNoneMatch": '"other"', "IfModifiedSince": tomorrow}):
        assert s3.get_object(Bucket=bucket, Key="k", **fine)["Body"].read() == b"x"
    for failing in ({"IfMatch": '"other"'}, {"IfUnmodifiedSince": long_ago}):
        with refuses("PreconditionFailed"):
            s3.get_object(Bucket=bucket, Key="k", **failing)
        with pytest.raises(ClientError) as e:
            s3.head_object(Bucket=bucket, Key="k", **failing)
        assert e.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    for same in ({"IfNoneMatch": etag}, {"IfNoneMatch": "*"}, {"IfModifiedSince": tomorrow}):
        for call in (s3.get_object, s3.head_object):
            with pytest.raises(ClientError) as e:
                call(Bucket=bucket, Key="k", **same)
            assert e.value.response["ResponseMetadata"]["HTTPStatusCode"] == 304


def test_writing_on_a_condition(server, bucket):
    """If-None-Match: * makes once; If-Match replaces what was read"""
    def put(body, **headers):
        r = wire.sign(server, wire.of(server), "s3", body, "PUT", f"/{bucket}/k", headers=headers)
        return wire.send(server, r)
    before = blobs(server)
    assert put(b"1", **{"If-Match": '"x"'}).code == "NoSuchKey"
    etag = put(b"1", **{"If-None-Match": "*"}).headers["ETag"]
    assert put(b"2", **{"If-None-Match": "*"}).code == "PreconditionFailed"
    assert put(b"2", **{"If-Match": '"x"'}).code == "PreconditionFailed"
    assert put(b"3", **{"If-Match": etag}).status == 200
    assert server.client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"3"
    assert blobs(server) == before + 1


def test_other_headers_on_demand(server, bucket):
    s3 = server.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentType="text/plain")
    got = s3.get_object(Bucket=bucket, Key="k", ResponseContentType="a/b", ResponseContentDisposition="attachment",
                        ResponseCacheControl="max-age=1", ResponseContentLanguage="et", ResponseContentEncoding="br")
    assert (got["ContentType"], got["ContentDisposition"], got["CacheControl"], got["ContentLanguage"],
            got["ContentEncoding"]) == ("a/b", "attachment", "max-age=1", "et", "br")


# ---- wrong bytes ----

def put(server, bucket, body, headers, sha=None, key="wrong"):
    r = wire.sign(server, wire.of(server), "s3", body, "PUT", f"/{bucket}/{key}", headers=headers)
    if sha:
        del r.headers["x-amz-content-sha256"]
    return wire.send(server, r)


@pytest.mark.parametrize("headers,code", [
    ({"Content-MD5": base64.b64encode(bytes(16)).decode()}, "BadDigest"),
    ({"Content-MD5": "short"}, "InvalidDigest"),
    ({"x-amz-checksum-crc32": "AAAAAA=="}, "BadDigest"),
    ({"x-amz-checksum-sha256": base64.b64encode(bytes(32)).decode()}, "BadDigest"),
    ({"x-amz-checksum-crc32c": "AAAAAA=="}, "BadDigest"),
    ({"x-amz-checksum-crc64nvme": "AAAAAAAAAAA="}, "BadDigest"),
    ({"x-amz-checksum-sha1": base64.b64encode(bytes(20)).decode()}, "BadDigest"),
    ({"x-amz-checksum-crc32": "no base64"}, "InvalidRequest InvalidDigest")])
def test_a_wrong_checksum_stores_nothing(server, s3, bucket, headers, code):
    before = blobs(server)
    answer = put(server, bucket, b"some bytes", headers)
    assert answer.status == 400 and answer.code in code.split(), answer.text
    with pytest.raises(ClientError):
        s3.head_object(Bucket=bucket, Key="wrong")
    assert blobs(server) == before


def test_other_bytes_than_were_signed_store_nothing(server, s3, bucket):
    before = blobs(server)
    r = wire.sign(server, wire.of(server), "s3", b"signed bytes", "PUT", f"/{bucket}/wrong")
    r.data = b"other bytes!"
    answer = wire.send(server, r)
    assert (answer.status, answer.code) == (400, "XAmzContentSHA256Mismatch")
    with pytest.raises(ClientError):
        s3.head_object(Bucket=bucket, Key="wrong")
    assert blobs(server) == before


def trailer(server, bucket, body, announced=None, crc=None, cut=0):
    """An aws-chunked upload with an unsigned trailer, as boto3 sends it over TLS, bent where asked."""
    crc = crc or base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    data = f"{len(body):x}\r\n".encode() + body + f"\r\n0\r\nx-amz-checksum-crc32:{crc}\r\n\r\n".encode()
    with unittest.mock.patch("botocore.auth.S3SigV4Auth.payload", lambda *a: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"):
        r = wire.sign(server, wire.of(server), "s3", b"", "PUT", f"/{bucket}/wrong", headers={
            "X-Amz-Trailer": "x-amz-checksum-crc32", "Content-Encoding": "aws-chunked",
            "X-Amz-Decoded-Content-Length": str(announced if announced is not None else len(body))})
    r.data = data[:len(data) - cut]
    return wire.send(server, r)


def test_trailers(server, s3, bucket):
    before = blobs(server)
    for bent in ({"crc": "AAAAAA=="}, {"announced": 3}, {"announced": 99}, {"cut": 20}, {"cut": 2}):
        answer = trailer(server, bucket, b"ten bytes!", **bent)
        assert answer.status == 400, (bent, answer.text)
    with pytest.raises(ClientError):
        s3.head_object(Bucket=bucket, Key="wrong")
    assert blobs(server) == before
    assert trailer(server, bucket, b"ten bytes!").status == 200
    got = s3.get_object(Bucket=bucket, Key="wrong")
    assert got["Body"].read() == b"ten bytes!" and not got.get("ContentEncoding")


def test_an_upload_that_breaks_off_stores_nothing(server, s3, bucket):
    before = blobs(server)
    r = wire.sign(server, wire.of(server), "s3", b"x" * 100000, "PUT", f"/{bucket}/wrong")
    head = f"PUT /{bucket}/wrong HTTP/1.1\r\n" + "".join(
        f"{k}: {v.decode() if isinstance(v, bytes) else v}\r\n" for k, v in r.headers.items())
    host, port = wire.split(server.url)
    with wire.connect(server) as s:
        s.sendall((head + f"Host: {host}:{port}\r\nContent-Length: 100000\r\n\r\n").encode() + b"x" * 50000)
        s.shutdown(socket.SHUT_RDWR)
    time.sleep(0.2)
    with pytest.raises(ClientError):
        s3.head_object(Bucket=bucket, Key="wrong")
    assert blobs(server) == before


# ---- odd keys and listings ----

def test_keys_are_opaque(s3, bucket):
    """ListObjectsV2, ListObjects, DeleteObjects"""
    for key in ODD:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for key in ODD:
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    in_order = sorted(ODD, key=str.encode)
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == in_order
    assert [o["Key"] for o in s3.list_objects(Bucket=bucket)["Contents"]] == in_order
    paged = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 3})
    assert [o["Key"] for page in paged for o in page["Contents"]] == in_order
    gone = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": k} for k in ODD if "\n" not in k]})
    assert sorted(d["Key"] for d in gone["Deleted"]) == sorted(k for k in ODD if "\n" not in k)
    s3.delete_object(Bucket=bucket, Key="new\nline")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_keys_that_are_none(server, s3, bucket, refuses):
    with refuses("KeyTooLongError"):
        s3.put_object(Bucket=bucket, Key="x" * 1025, Body=b"")
    answer = wire.send(server, wire.sign(server, wire.of(server), "s3", b"", "PUT", f"/{bucket}/%FF%FE"))
    assert answer.status == 400


TREE = ["a", "b/1", "b/2", "b/c/3", "b/c/4", "d", "e/5", "f", "f/", "f/6", "été/7", "zz"]


@pytest.fixture
def tree(server, bucket):
    s3 = server.client("s3")
    for key in TREE:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    return s3


def reference(keys, prefix="", delimiter="", after=""):
    """What a listing must hold, by the definition."""
    entries = []
    for k in sorted(keys, key=str.encode):
        if not k.startswith(prefix) or k.encode() <= after.encode():
            continue
        at = k.find(delimiter, len(prefix)) if delimiter else -1
        entry = (k[:at + len(delimiter)], True) if at >= 0 else (k, False)
        if entry not in entries:
            entries.append(entry)
    return entries


@pytest.mark.parametrize("prefix", ["", "b", "b/", "b/c/", "f", "é", "none"])
@pytest.mark.parametrize("delimiter", ["", "/", "c/", "z"])
def test_listings_with_prefix_and_delimiter(tree, bucket, prefix, delimiter):
    wanted = reference(TREE, prefix, delimiter)
    for size in (1, 2, 1000):
        entries, token = [], {}
        for _ in range(40):
            page = tree.list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter=delimiter, MaxKeys=size, **token)
            entries += sorted([(o["Key"], False) for o in page.get("Contents", [])] +
                              [(p["Prefix"], True) for p in page.get("CommonPrefixes", [])], key=lambda x: x[0].encode())
            assert page["KeyCount"] <= size
            if not page["IsTruncated"]:
                break
            token = {"ContinuationToken": page["NextContinuationToken"]}
        assert entries == wanted
        entries, marker = [], ""
        for _ in range(40):
            page = tree.list_objects(Bucket=bucket, Prefix=prefix, Delimiter=delimiter, MaxKeys=size, Marker=marker)
            entries += sorted([(o["Key"], False) for o in page.get("Contents", [])] +
                              [(p["Prefix"], True) for p in page.get("CommonPrefixes", [])], key=lambda x: x[0].encode())
            if not page["IsTruncated"]:
                break
            marker = page["NextMarker"]
        assert entries == wanted


def test_listings_start_where_asked(tree, bucket, refuses):
    for after in ("", "a", "b", "b/c/3", "b/zzz", "zz", "zzz"):
        page = tree.list_objects_v2(Bucket=bucket, StartAfter=after, FetchOwner=True)
        assert [o["Key"] for o in page.get("Contents", [])] == [k for k, _ in reference(TREE, after=after)]
        assert all(len(o["Owner"]["ID"]) == 64 for o in page.get("Contents", []))
    page = tree.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (page["KeyCount"], page["IsTruncated"]) == (0, False)
    with refuses("InvalidArgument"):
        tree.list_objects_v2(Bucket=bucket, MaxKeys=-1)
    with refuses("InvalidArgument"):
        tree.list_objects_v2(Bucket=bucket, ContinuationToken="made up")
    with refuses("InvalidArgument"):
        tree.list_objects_v2(Bucket=bucket, EncodingType="gzip")


# ---- tags and copies ----

def test_object_tags(s3, bucket, refuses):
    """PutObjectTagging, GetObjectTagging, DeleteObjectTagging, GetObjectAcl"""
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Tagging="a=1&b=two+words&c=%C3%A9")
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "two words"}, {"Key": "c", "Value": "é"}]
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == tags
    assert s3.get_object(Bucket=bucket, Key="k")["TagCount"] == 3
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": tags[:1]})
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == tags[:1]
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    assert s3.get_object_acl(Bucket=bucket, Key="k")["Grants"][0]["Permission"] == "FULL_CONTROL"
    with refuses("InvalidTag"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"", Tagging="&".join(f"k{i}=v" for i in range(11)))
    with refuses("InvalidTag"):
        s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "aws:x", "Value": ""}]})
    with refuses("NoSuchKey"):
        s3.get_object_tagging(Bucket=bucket, Key="none")


def test_copies(server, s3, bucket, refuses):
    """CopyObject"""
    before = blobs(server)
    s3.put_object(Bucket=bucket, Key="été/a b+c", Body=MANY[:200000], Metadata={"m": "1"}, ContentType="text/x",
                  Tagging="a=1")
    source = {"Bucket": bucket, "Key": "été/a b+c"}
    copy = s3.copy_object(Bucket=bucket, Key="copy", CopySource=source)
    assert copy["CopyObjectResult"]["ETag"] == '"' + hashlib.md5(MANY[:200000]).hexdigest() + '"'
    s3.copy_object(Bucket=bucket, Key="other", CopySource=source, MetadataDirective="REPLACE", Metadata={"n": "2"},
                   ContentType="text/y", TaggingDirective="REPLACE", Tagging="b=2")
    assert blobs(server) == before + 1  # copies share the sealed bytes
    s3.delete_object(Bucket=bucket, Key="été/a b+c")
    one, two = s3.get_object(Bucket=bucket, Key="copy"), s3.get_object(Bucket=bucket, Key="other")
    assert one["Body"].read() == two["Body"].read() == MANY[:200000]
    assert (one["Metadata"], one["ContentType"]) == ({"m": "1"}, "text/x")
    assert (two["Metadata"], two["ContentType"]) == ({"n": "2"}, "text/y")
    assert s3.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"] == [{"Key": "a", "Value": "1"}]
    assert s3.get_object_tagging(Bucket=bucket, Key="other")["TagSet"] == [{"Key": "b", "Value": "2"}]
    s3.delete_object(Bucket=bucket, Key="copy")
    assert s3.get_object(Bucket=bucket, Key="other")["Body"].read() == MANY[:200000]
    s3.copy_object(Bucket=bucket, Key="other", CopySource=f"{bucket}/other", MetadataDirective="REPLACE",
                   Metadata={"n": "3"})
    assert s3.get_object(Bucket=bucket, Key="other")["Body"].read() == MANY[:200000]
    with refuses("InvalidRequest"):
        s3.copy_object(Bucket=bucket, Key="other", CopySource=f"{bucket}/other")
    with refuses("NoSuchKey"):
        s3.copy_object(Bucket=bucket, Key="x", CopySource=f"{bucket}/none")
    with refuses("NoSuchBucket"):
        s3.copy_object(Bucket=bucket, Key="x", CopySource="there-is-no-such/none")
    with refuses("InvalidArgument"):
        s3.copy_object(Bucket=bucket, Key="x", CopySource="nothing")
    with refuses("PreconditionFailed"):
        s3.copy_object(Bucket=bucket, Key="x", CopySource=f"{bucket}/other", CopySourceIfMatch='"other"')
    s3.delete_object(Bucket=bucket, Key="other")
    assert blobs(server) == before


def test_what_barmkin_does_not_have_it_does_not_pretend(s3, bucket, refuses):
    with refuses("NotImplemented"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"", SSECustomerAlgorithm="AES256", SSECustomerKey="k" * 32)
    with refuses("InvalidStorageClass"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"", StorageClass="DUST")
    with refuses("AccessControlListNotSupported"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"", ACL="public-read")
    with refuses("MetadataTooLarge"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"", Metadata={"a": "x" * 2100})
    s3.put_object(Bucket=bucket, Key="k", Body=b"", ACL="bucket-owner-full-control", StorageClass="STANDARD_IA")
    assert s3.head_object(Bucket=bucket, Key="k")["StorageClass"] == "STANDARD_IA"
