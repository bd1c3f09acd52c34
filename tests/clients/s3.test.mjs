// AWS SDK v3 for JavaScript, unmodified, against the embedded S3. AMPUP names the program.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';

import {
  AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CopyObjectCommand, CreateBucketCommand,
  CreateMultipartUploadCommand, DeleteBucketCommand, DeleteBucketPolicyCommand, DeleteObjectCommand, DeleteObjectsCommand,
  DeletePublicAccessBlockCommand, GetBucketAclCommand, GetBucketLocationCommand, GetBucketPolicyStatusCommand,
  GetBucketVersioningCommand, GetObjectAttributesCommand, GetObjectCommand, GetObjectTaggingCommand, HeadBucketCommand,
  HeadObjectCommand, ListBucketsCommand, ListMultipartUploadsCommand, ListObjectVersionsCommand, ListObjectsCommand,
  ListPartsCommand, PutBucketCorsCommand, PutBucketPolicyCommand, PutBucketVersioningCommand, PutBucketWebsiteCommand,
  PutObjectAclCommand, PutObjectCommand, PutObjectTaggingCommand, S3Client, UploadPartCommand, UploadPartCopyCommand,
  paginateListObjectsV2, waitUntilBucketExists, waitUntilObjectExists,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

const Bucket = 'clients-bucket';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
let folder;
let cloud;
let endpoint;
let s3;

const md5 = (bytes) => createHash('md5').update(bytes).digest('hex');
const bytesOf = async (answer) => Buffer.from(await answer.Body.transformToByteArray());
const textOf = (answer) => answer.Body.transformToString();
const put = (Key, Body, more = {}) => s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key, more = {}) => s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
const status = (wanted) => (error) => error.$metadata?.httpStatusCode === wanted;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'ampup-s3-'));
  const ampup = process.env.AMPUP;
  execFileSync(ampup, ['init', 'clients', '--target', 'local', '--json'], { cwd: folder, stdio: 'ignore' });
  const board = await new Promise((resolve, reject) => {
    cloud = spawn(ampup, ['dev', '--port', '0', '--no-watch', '--json'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    cloud.stdout.on('data', (bytes) => {
      text += bytes;
      try { resolve(JSON.parse(text)); } catch { /* the document is not whole yet */ }
    });
    cloud.on('exit', (code) => reject(new Error(`ampup dev ended with ${code}: ${text}`)));
  });
  endpoint = board.endpoint;
  s3 = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket }));
  await waitUntilBucketExists({ client: s3, maxWaitTime: 10 }, { Bucket });
});

after(() => {
  cloud?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

test('buckets are made, found and told apart', async () => {
  const { Buckets } = await s3.send(new ListBucketsCommand({}));
  assert.ok(Buckets.some(({ Name, CreationDate }) => Name === Bucket && CreationDate instanceof Date));
  assert.equal((await s3.send(new HeadBucketCommand({ Bucket }))).BucketRegion, 'us-east-1');
  assert.equal((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint, undefined);
  assert.equal((await s3.send(new GetBucketAclCommand({ Bucket }))).Grants[0].Permission, 'FULL_CONTROL');
  await assert.rejects(s3.send(new HeadBucketCommand({ Bucket: 'no-such-bucket' })), { name: 'NotFound' });
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket: 'no-such-bucket', Key: 'a' })), { name: 'NoSuchBucket' });
  await assert.rejects(s3.send(new CreateBucketCommand({ Bucket: 'Bad_Name' })), { name: 'InvalidBucketName' });
});

test('an object comes back as it was put', async () => {
  const body = Buffer.from('hällo wörld');
  const made = await put('folder/a file+ü.txt', body, {
    ContentType: 'text/plain', CacheControl: 'max-age=1', ContentEncoding: 'identity', Metadata: { who: 'me' },
    Tagging: 'a=1&b=two%20words', StorageClass: 'STANDARD_IA',
  });
  assert.equal(made.ETag, `"${md5(body)}"`);
  assert.equal(made.ChecksumType, 'FULL_OBJECT');
  await waitUntilObjectExists({ client: s3, maxWaitTime: 10 }, { Bucket, Key: 'folder/a file+ü.txt' });
  const found = await get('folder/a file+ü.txt');
  assert.deepEqual(await bytesOf(found), body);
  assert.equal(found.ContentType, 'text/plain');
  assert.equal(found.ContentEncoding, 'identity');
  assert.equal(found.CacheControl, 'max-age=1');
  assert.deepEqual(found.Metadata, { who: 'me' });
  assert.equal(found.TagCount, 2);
  assert.equal(found.StorageClass, 'STANDARD_IA');
  assert.equal(found.ServerSideEncryption, 'AES256');
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'folder/a file+ü.txt', ChecksumMode: 'ENABLED' }));
  assert.equal(head.ContentLength, body.length);
  assert.equal(head.ChecksumCRC32, made.ChecksumCRC32);
  const facts = await s3.send(new GetObjectAttributesCommand({
    Bucket, Key: 'folder/a file+ü.txt', ObjectAttributes: ['ETag', 'Checksum', 'ObjectSize', 'StorageClass'],
  }));
  assert.equal(facts.ObjectSize, body.length);
  assert.equal(facts.ETag, md5(body));
  assert.equal(facts.Checksum.ChecksumCRC32, made.ChecksumCRC32);
  await assert.rejects(get('nothing'), { name: 'NoSuchKey' });
  await assert.rejects(s3.send(new HeadObjectCommand({ Bucket, Key: 'nothing' })), { name: 'NotFound' });
});

for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']) {
  test(`a streamed body with a ${ChecksumAlgorithm} trailer`, async () => {
    const body = Buffer.alloc(300_000, ChecksumAlgorithm);
    const Body = Readable.from((function* pieces() { for (let at = 0; at < body.length; at += 70_000) yield body.subarray(at, at + 70_000); })());
    const made = await put(`sums/${ChecksumAlgorithm}`, Body, { ContentLength: body.length, ChecksumAlgorithm });
    assert.ok(made[`Checksum${ChecksumAlgorithm}`]);
    const found = await get(`sums/${ChecksumAlgorithm}`, { ChecksumMode: 'ENABLED' });
    assert.equal(found[`Checksum${ChecksumAlgorithm}`], made[`Checksum${ChecksumAlgorithm}`]);
    assert.deepEqual(await bytesOf(found), body);
  });
}

test('a wrong checksum is refused and nothing is stored', async () => {
  await assert.rejects(put('wrong', 'abc', { ChecksumSHA256: Buffer.alloc(32).toString('base64') }), { name: 'BadDigest' });
  await assert.rejects(put('wrong', 'abc', { ContentMD5: Buffer.alloc(16).toString('base64') }), { name: 'BadDigest' });
  await assert.rejects(get('wrong'), { name: 'NoSuchKey' });
});

test('ranges, conditions and chosen headers', async () => {
  const { ETag } = await put('ten', '0123456789');
  const part = await get('ten', { Range: 'bytes=2-4' });
  assert.equal(await textOf(part), '234');
  assert.equal(part.ContentRange, 'bytes 2-4/10');
  assert.equal(await textOf(await get('ten', { Range: 'bytes=-3' })), '789');
  await assert.rejects(get('ten', { Range: 'bytes=10-' }), status(416));
  await assert.rejects(get('ten', { IfNoneMatch: ETag }), status(304));
  await assert.rejects(get('ten', { IfMatch: '"other"' }), status(412));
  await assert.rejects(get('ten', { IfModifiedSince: new Date(Date.now() + 1000) }), status(304));
  await assert.rejects(put('ten', 'x', { IfNoneMatch: '*' }), { name: 'PreconditionFailed' });
  await assert.rejects(put('ten', 'x', { IfMatch: '"other"' }), { name: 'PreconditionFailed' });
  await put('ten', '0123456789', { IfMatch: ETag });
  assert.equal((await get('ten', { ResponseContentType: 'text/x' })).ContentType, 'text/x');
});

test('copies, with conditions and directives', async () => {
  await put('from', 'copied', { Metadata: { a: '1' }, Tagging: 't=1', ContentType: 'text/plain' });
  const CopySource = `${Bucket}/from`;
  const copy = (Key, more = {}) => s3.send(new CopyObjectCommand({ Bucket, Key, CopySource, ...more }));
  assert.equal((await copy('to')).CopyObjectResult.ETag, `"${md5('copied')}"`);
  assert.deepEqual((await get('to')).Metadata, { a: '1' });
  await copy('to', { MetadataDirective: 'REPLACE', Metadata: { b: '2' }, TaggingDirective: 'REPLACE', Tagging: 't=2' });
  assert.deepEqual((await get('to')).Metadata, { b: '2' });
  assert.deepEqual((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'to' }))).TagSet, [{ Key: 't', Value: '2' }]);
  await assert.rejects(copy('from'), { name: 'InvalidRequest' });
  await assert.rejects(copy('to', { CopySourceIfMatch: '"x"' }), { name: 'PreconditionFailed' });
  await assert.rejects(s3.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource: `${Bucket}/none` })), { name: 'NoSuchKey' });
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'from' }));
  assert.equal(await textOf(await get('to')), 'copied');
});

test('listings page, fold and encode', async () => {
  const keys = ['list/a b', 'list/c/1', 'list/c/2', 'list/d&e', 'list/ü'];
  for (const key of keys) await put(key, key);
  const seen = [];
  for await (const page of paginateListObjectsV2({ client: s3, pageSize: 2 }, { Bucket, Prefix: 'list/' })) {
    seen.push(...(page.Contents ?? []).map(({ Key }) => Key));
  }
  assert.deepEqual(seen, keys);
  const folded = await s3.send(new ListObjectsCommand({ Bucket, Prefix: 'list/', Delimiter: '/' }));
  assert.deepEqual(folded.CommonPrefixes, [{ Prefix: 'list/c/' }]);
  assert.equal(folded.Contents.length, 3);
  const gone = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [...keys, 'list/none'].map((Key) => ({ Key })) } }));
  assert.equal(gone.Deleted.length, keys.length + 1);
});

test('tags are put, read and removed', async () => {
  await put('tagged', 'x');
  const TagSet = [{ Key: 'colour', Value: 'red & blue' }];
  await s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'tagged', Tagging: { TagSet } }));
  assert.deepEqual((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'tagged' }))).TagSet, TagSet);
  const many = Array.from({ length: 11 }, (_, n) => ({ Key: `k${n}`, Value: '' }));
  await assert.rejects(s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'tagged', Tagging: { TagSet: many } })), { name: 'BadRequest' });
  await assert.rejects(s3.send(new PutObjectAclCommand({ Bucket, Key: 'tagged', ACL: 'public-read' })), { name: 'AccessControlListNotSupported' });
});

test('an upload in parts by lib-storage', async () => {
  const body = Buffer.alloc(13 * 1024 * 1024, 'parts');
  const upload = new Upload({ client: s3, params: { Bucket, Key: 'large', Body: Readable.from([body.subarray(0, 6_000_000), body.subarray(6_000_000)]) }, partSize: 5 * 1024 * 1024 });
  const made = await upload.done();
  assert.match(made.ETag, /-3"$/);
  const found = await get('large');
  assert.equal(md5(await bytesOf(found)), md5(body));
  const second = await get('large', { PartNumber: 3 });
  assert.equal(second.PartsCount, 3);
  assert.equal((await bytesOf(second)).length, 3 * 1024 * 1024);
  const facts = await s3.send(new GetObjectAttributesCommand({ Bucket, Key: 'large', ObjectAttributes: ['ObjectParts'] }));
  assert.equal(facts.ObjectParts.TotalPartsCount, 3);
});

test('parts are listed, copied, completed and given up', async () => {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'pieces', Metadata: { m: '1' } }));
  const five = Buffer.alloc(5 * 1024 * 1024, '5');
  await put('source', Buffer.alloc(100, 'abcdefghij'));
  const one = await s3.send(new UploadPartCommand({ Bucket, Key: 'pieces', UploadId, PartNumber: 1, Body: five }));
  const two = await s3.send(new UploadPartCopyCommand({ Bucket, Key: 'pieces', UploadId, PartNumber: 2, CopySource: `${Bucket}/source`, CopySourceRange: 'bytes=10-19' }));
  const { Parts } = await s3.send(new ListPartsCommand({ Bucket, Key: 'pieces', UploadId }));
  assert.deepEqual(Parts.map(({ PartNumber, Size }) => [PartNumber, Size]), [[1, five.length], [2, 10]]);
  const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
  assert.deepEqual(Uploads.map(({ Key }) => Key), ['pieces']);
  const complete = (parts) => s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'pieces', UploadId, MultipartUpload: { Parts: parts } }));
  await assert.rejects(complete([{ PartNumber: 2, ETag: two.CopyPartResult.ETag }, { PartNumber: 1, ETag: one.ETag }]), { name: 'InvalidPartOrder' });
  await assert.rejects(complete([{ PartNumber: 3, ETag: '"x"' }]), { name: 'InvalidPart' });
  await complete([{ PartNumber: 1, ETag: one.ETag }, { PartNumber: 2, ETag: two.CopyPartResult.ETag }]);
  const found = await get('pieces');
  assert.deepEqual(found.Metadata, { m: '1' });
  assert.equal((await bytesOf(found)).subarray(five.length).toString(), 'abcdefghij');
  await assert.rejects(complete([{ PartNumber: 1, ETag: one.ETag }]), { name: 'NoSuchUpload' });
  const other = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'pieces' }));
  await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'pieces', UploadId: other.UploadId }));
  await assert.rejects(s3.send(new ListPartsCommand({ Bucket, Key: 'pieces', UploadId: other.UploadId })), { name: 'NoSuchUpload' });
});

test('versions are kept, found and deleted', async () => {
  const versions = { Bucket: 'versions-bucket' };
  await s3.send(new CreateBucketCommand(versions));
  assert.equal((await s3.send(new GetBucketVersioningCommand(versions))).Status, undefined);
  const Key = 'v';
  const store = (Body) => s3.send(new PutObjectCommand({ ...versions, Key, Body }));
  await store('zero');
  await s3.send(new PutBucketVersioningCommand({ ...versions, VersioningConfiguration: { Status: 'Enabled' } }));
  const one = await store('one');
  const two = await store('two');
  const read = async (VersionId) => textOf(await s3.send(new GetObjectCommand({ ...versions, Key, VersionId })));
  assert.equal(await read(), 'two');
  assert.equal(await read(one.VersionId), 'one');
  assert.equal(await read('null'), 'zero');
  const marker = await s3.send(new DeleteObjectCommand({ ...versions, Key }));
  assert.equal(marker.DeleteMarker, true);
  await assert.rejects(read(), { name: 'NoSuchKey' });
  await assert.rejects(read(marker.VersionId), { name: 'MethodNotAllowed' });
  const listed = await s3.send(new ListObjectVersionsCommand(versions));
  assert.deepEqual(listed.Versions.map(({ VersionId, IsLatest }) => [VersionId, IsLatest]), [[two.VersionId, false], [one.VersionId, false], ['null', false]]);
  assert.deepEqual(listed.DeleteMarkers.map(({ VersionId, IsLatest }) => [VersionId, IsLatest]), [[marker.VersionId, true]]);
  await s3.send(new DeleteObjectCommand({ ...versions, Key, VersionId: marker.VersionId }));
  assert.equal(await read(), 'two');
  await s3.send(new DeleteObjectCommand({ ...versions, Key, VersionId: two.VersionId }));
  assert.equal(await read(), 'one');
  await s3.send(new PutBucketVersioningCommand({ ...versions, VersioningConfiguration: { Status: 'Suspended' } }));
  await store('three');
  assert.equal(await read('null'), 'three');
  await assert.rejects(s3.send(new DeleteBucketCommand(versions)), { name: 'BucketNotEmpty' });
  const left = await s3.send(new ListObjectVersionsCommand(versions));
  assert.equal(left.Versions.length, 2);
  await s3.send(new DeleteObjectsCommand({ ...versions, Delete: { Objects: left.Versions.map(({ VersionId }) => ({ Key, VersionId })) } }));
  await s3.send(new DeleteBucketCommand(versions));
});

test('presigned addresses work until something is changed', async () => {
  const Key = 'signed/by url';
  const putUrl = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key, ContentType: 'text/plain' }), { expiresIn: 60, signableHeaders: new Set(['content-type']) });
  const refused = await fetch(putUrl, { method: 'PUT', body: 'x', headers: { 'content-type': 'text/html' } });
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /<Code>SignatureDoesNotMatch<\/Code>/);
  assert.equal((await fetch(putUrl, { method: 'PUT', body: 'by url', headers: { 'content-type': 'text/plain' } })).status, 200);
  const getUrl = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key, ResponseContentDisposition: 'attachment' }), { expiresIn: 60 });
  const answer = await fetch(getUrl);
  assert.equal(await answer.text(), 'by url');
  assert.equal(answer.headers.get('content-disposition'), 'attachment');
  assert.equal((await fetch(getUrl.replace('by%20url', 'other'))).status, 403);
  assert.equal((await fetch(getUrl, { method: 'DELETE' })).status, 403);
  const old = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }), { expiresIn: 60, signingDate: new Date(Date.now() - 120_000) });
  const late = await fetch(old);
  assert.equal(late.status, 403);
  assert.match(await late.text(), /<Message>Request has expired<\/Message>/);
});

test('policies open and close a bucket', async () => {
  const open = { Bucket: 'policy-bucket' };
  await s3.send(new CreateBucketCommand(open));
  await s3.send(new PutObjectCommand({ ...open, Key: 'public/a', Body: 'a' }));
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::policy-bucket/public/*' }] });
  await assert.rejects(s3.send(new PutBucketPolicyCommand({ ...open, Policy })), { name: 'AccessDenied' });
  assert.equal((await fetch(`${endpoint}/policy-bucket/public/a`)).status, 403);
  await s3.send(new DeletePublicAccessBlockCommand(open));
  await s3.send(new PutBucketPolicyCommand({ ...open, Policy }));
  assert.equal((await s3.send(new GetBucketPolicyStatusCommand(open))).PolicyStatus.IsPublic, true);
  assert.equal(await (await fetch(`${endpoint}/policy-bucket/public/a`)).text(), 'a');
  assert.equal((await fetch(`${endpoint}/policy-bucket/private/a`)).status, 403);
  assert.equal((await fetch(`${endpoint}/policy-bucket/public/b`, { method: 'PUT', body: 'b' })).status, 403);
  await s3.send(new DeleteBucketPolicyCommand(open));
  assert.equal((await fetch(`${endpoint}/policy-bucket/public/a`)).status, 403);
});

test('pages are answered by the rules of the bucket', async () => {
  const Origin = 'http://localhost:3000';
  await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [{ AllowedOrigins: [Origin], AllowedMethods: ['PUT'], AllowedHeaders: ['content-type'], ExposeHeaders: ['ETag'], MaxAgeSeconds: 5 }] } }));
  const ask = (origin, method) => fetch(`${endpoint}/${Bucket}/a`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': 'content-type' } });
  const allowed = await ask(Origin, 'PUT');
  assert.equal(allowed.status, 200);
  assert.equal(allowed.headers.get('access-control-allow-origin'), Origin);
  assert.equal(allowed.headers.get('access-control-max-age'), '5');
  assert.equal((await ask(Origin, 'DELETE')).status, 403);
  assert.equal((await ask('http://localhost:3001', 'PUT')).status, 403);
});

test('a bucket is a website under a host of its own', async () => {
  const site = { Bucket: 'site-bucket' };
  await s3.send(new CreateBucketCommand(site));
  await s3.send(new DeletePublicAccessBlockCommand(site));
  await s3.send(new PutBucketPolicyCommand({ ...site, Policy: JSON.stringify({ Statement: [{ Effect: 'Allow', Principal: '*', Action: ['s3:GetObject', 's3:ListBucket'], Resource: ['arn:aws:s3:::site-bucket/*', 'arn:aws:s3:::site-bucket'] }] }) }));
  await s3.send(new PutBucketWebsiteCommand({ ...site, WebsiteConfiguration: {
    IndexDocument: { Suffix: 'index.html' }, ErrorDocument: { Key: 'error.html' },
    RoutingRules: [{ Condition: { KeyPrefixEquals: 'old/' }, Redirect: { ReplaceKeyPrefixWith: 'new/', HttpRedirectCode: '302' } }],
  } }));
  for (const [Key, Body] of [['index.html', 'home'], ['docs/index.html', 'docs'], ['error.html', 'lost']]) {
    await s3.send(new PutObjectCommand({ ...site, Key, Body, ContentType: 'text/html' }));
  }
  const { port } = new URL(endpoint);
  const http = await import('node:http');
  const visit = (where) => new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port, path: where, headers: { host: `site-bucket.s3-website.us-east-1.localhost:${port}` } }, (answer) => {
      let text = '';
      answer.on('data', (bytes) => { text += bytes; });
      answer.on('end', () => resolve([answer.statusCode, answer.headers.location ?? text]));
    }).on('error', reject);
  });
  assert.deepEqual(await visit('/'), [200, 'home']);
  assert.deepEqual(await visit('/docs/'), [200, 'docs']);
  assert.deepEqual(await visit('/docs'), [302, '/docs/']);
  assert.deepEqual(await visit('/none'), [404, 'lost']);
  assert.deepEqual(await visit('/old/x'), [302, `http://site-bucket.s3-website.us-east-1.localhost:${port}/new/x`]);
});
