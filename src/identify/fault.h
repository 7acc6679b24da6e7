/* SPDX-License-Identifier: MIT */
/* The ways in which a request can fail to say who sends it; the api layer turns each into its protocol's code. */
#ifndef BARMKIN_IDENTIFY_FAULT_H
#define BARMKIN_IDENTIFY_FAULT_H

/* Every function here that may reject sets one of these beside the message. AWS's names differ by protocol (authz-rules
 * 42b); the comment gives S3's code, then that of the other services where it differs. */
enum identify_fault {
    IDENTIFY_OK,
    IDENTIFY_ANONYMOUS,        /* no credentials: S3 goes on as anonymous | MissingAuthenticationToken 403 */
    IDENTIFY_SCHEME,           /* another kind of Authorization: InvalidRequest 400 | IncompleteSignature 400 */
    IDENTIFY_TWO_MECHANISMS,   /* header and query both: InvalidArgument 400 | IncompleteSignature 400 */
    IDENTIFY_HEADER_MALFORMED, /* AuthorizationHeaderMalformed 400 | IncompleteSignature 400 */
    IDENTIFY_QUERY_MALFORMED,  /* AuthorizationQueryParametersError 400 | IncompleteSignature 400 */
    IDENTIFY_DUPLICATE,        /* a header that may stand once stands twice: InvalidRequest 400 */
    IDENTIFY_URI,              /* a bad %xx in path or query: InvalidURI 400 | IncompleteSignature 400 */
    IDENTIFY_UNSIGNED_HEADER,  /* host or x-amz-* not signed: AccessDenied 403 | SignatureDoesNotMatch 403 */
    IDENTIFY_SKEWED,           /* 15 minutes off: RequestTimeTooSkewed 403 | SignatureDoesNotMatch 403 */
    IDENTIFY_EXPIRED,          /* a presigned request out of its time: AccessDenied 403 | SignatureDoesNotMatch 403 */
    IDENTIFY_PAYLOAD,          /* no usable x-amz-content-sha256: InvalidRequest 400 | InvalidSignatureException */
    IDENTIFY_SIGNATURE,        /* SignatureDoesNotMatch 403 | InvalidSignatureException 400 (JSON) */
    IDENTIFY_BODY_HASH,  /* the body is not what was signed: XAmzContentSHA256Mismatch 400 | SignatureDoesNotMatch */
    IDENTIFY_BAD_DIGEST, /* a checksum does not fit: BadDigest 400 */
    IDENTIFY_INVALID_DIGEST,  /* a checksum that cannot be one: InvalidDigest 400 */
    IDENTIFY_LENGTH_MISSING,  /* aws-chunked without x-amz-decoded-content-length: MissingContentLength 411 */
    IDENTIFY_INCOMPLETE_BODY, /* fewer or more bytes than announced: IncompleteBody 400 */
    IDENTIFY_CHUNK_MALFORMED, /* not aws-chunked: InvalidChunkSizeError 403, here InvalidRequest 400 */
    IDENTIFY_TRAILER,         /* MalformedTrailerError 400 */
    IDENTIFY_TOKEN,           /* a session token that is none: InvalidToken 400 | InvalidClientTokenId 403 */
};

#endif
