// aws-amplify/storage, unmodified, against the embedded S3 over TLS: owners see their own folder and no other.
// AMPUP names the program. The program's authority is trusted through NODE_EXTRA_CA_CERTS, which Node.js reads when it starts,
// so the tests run in a process of their own.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import dns from 'node:dns';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const password = 'Correct-horse-7';

// Browsers know that every name below `localhost` is this computer; the resolver of this machine may not.
const { lookup } = dns;
dns.lookup = (name, options, callback) => lookup(name.endsWith('.localhost') ? 'localhost' : name, options, callback);

// Browsers have it, and uploads in parts read their data with it.
globalThis.FileReader ??= class {
  readAsArrayBuffer(blob) {
    blob.arrayBuffer().then((result) => { this.result = result; this.onload?.({ target: this }); }, (error) => { this.error = error; this.onerror?.(error); });
  }
};

async function start(folder) {
  const ampup = process.env.AMPUP;
  const run = (...args) => execFileSync(ampup, args, { cwd: folder, stdio: 'ignore' });
  run('init', 'storage', '--target', 'local', '--json');
  run('add', 'auth', '--sign-in', 'email', '--guests', 'true', '--groups', 'Editors', '--json');
  const allow = [
    'private/{owner}/*=owner:read,write,delete', 'public/*=guests:read', 'public/*=signed-in:read,write', 'reports/*=group/Editors:read,write',
  ];
  run('add', 'storage', '--name', 'pictures', '--kind', 'bucket', ...allow.flatMap((rule) => ['--allow', rule]), '--json');
  return new Promise((resolve, reject) => {
    const cloud = spawn(ampup, ['dev', '--port', '0', '--no-watch', '--json'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    cloud.stdout.on('data', (bytes) => {
      text += bytes;
      try { resolve({ cloud, endpoint: JSON.parse(text).endpoint }); } catch { /* the document is not whole yet */ }
    });
    cloud.on('exit', (code) => reject(new Error(`ampup dev ended with ${code}: ${text}`)));
  });
}

async function parent() {
  const folder = mkdtempSync(path.join(tmpdir(), 'ampup-storage-'));
  const { cloud, endpoint } = await start(folder);
  try {
    const authority = path.join(folder, 'authority.pem');
    const answer = await fetch(`${endpoint}/_ampup/authority.pem`);
    assert.equal(answer.status, 200);
    writeFileSync(authority, await answer.text());
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: authority, STORAGE_ENDPOINT: endpoint, STORAGE_FOLDER: folder };
    const ran = spawnSync(process.execPath, [fileURLToPath(import.meta.url)], { env, encoding: 'utf8', timeout: 120_000 });
    assert.equal(ran.status, 0, `${ran.stdout}${ran.stderr}`);
    const untrusted = spawnSync(process.execPath, ['-e', `fetch('${endpoint.replace('http', 'https')}').then(() => process.exit(1), () => process.exit(0))`], { timeout: 60_000 });
    assert.equal(untrusted.status, 0, 'whoever does not trust the authority is not answered');
  } finally {
    cloud.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function child(endpoint, folder) {
  const { Amplify } = await import('aws-amplify');
  const { confirmSignUp, fetchAuthSession, signIn, signOut, signUp } = await import('aws-amplify/auth');
  const { administer } = await import('./administer.mjs');
  const { copy, downloadData, getProperties, getUrl, list, remove, uploadData } = await import('aws-amplify/storage');
  const outputs = JSON.parse(readFileSync(path.join(folder, 'amplify_outputs.json'), 'utf8'));
  Amplify.configure(outputs);
  const customEndpoint = new URL(endpoint).host;
  const options = { customEndpoint };

  const enter = async (email) => {
    const { userId } = await signUp({ username: email, password, options: { userAttributes: { email } } });
    const { messages } = await (await fetch(`${endpoint}/_ampup/mailbox?username=${encodeURIComponent(userId)}`)).json();
    await confirmSignUp({ username: email, confirmationCode: messages[0].code });
    await signIn({ username: email, password });
    return (await fetchAuthSession()).identityId;
  };
  const refused = (promise) => assert.rejects(promise, (error) => error.name === 'AccessDenied' || /AccessDenied|403/.test(String(error.name) + error.message));

  const ada = await enter('ada@example.com');
  const own = `private/${ada}/picture ü.png`;
  const picture = new Uint8Array(7 * 1024 * 1024).fill(7);
  const uploaded = await uploadData({ path: own, data: picture, options: { ...options, contentType: 'image/png', metadata: { who: 'ada' } } }).result;
  assert.equal(uploaded.path, own);
  await uploadData({ path: 'public/hello.txt', data: 'hello', options }).result;
  const { body } = await downloadData({ path: own, options }).result;
  assert.equal((await body.blob()).size, picture.length);
  const facts = await getProperties({ path: own, options });
  assert.equal(facts.contentType, 'image/png');
  assert.deepEqual(facts.metadata, { who: 'ada' });
  const { items } = await list({ path: `private/${ada}/`, options });
  assert.deepEqual(items.map((item) => [item.path, item.size]), [[own, picture.length]]);
  const { url } = await getUrl({ path: own, options: { ...options, expiresIn: 60 } });
  assert.equal((await (await fetch(url)).arrayBuffer()).byteLength, picture.length);
  await copy({ source: { path: 'public/hello.txt' }, destination: { path: `private/${ada}/hello.txt` }, options });
  await copy({ source: { path: 'public/hello.txt' }, destination: { path: `private/${ada}/kept.txt` }, options });
  await remove({ path: `private/${ada}/hello.txt`, options });
  await refused(uploadData({ path: 'elsewhere/a', data: 'a', options }).result);
  await refused(uploadData({ path: 'reports/a.txt', data: 'a', options }).result);
  await signOut();

  // Another user: neither reads, lists, writes, copies nor deletes what is Ada's.
  const bob = await enter('bob@example.com');
  await refused(downloadData({ path: own, options }).result);
  await refused(list({ path: `private/${ada}/`, options }));
  await refused(list({ path: 'private/', options }));
  await refused(uploadData({ path: own, data: 'mine', options }).result);
  await refused(copy({ source: { path: `private/${ada}/kept.txt` }, destination: { path: `private/${bob}/stolen.txt` }, options }));
  await refused(remove({ path: own, options }));
  const { url: signed } = await getUrl({ path: own, options: { ...options, expiresIn: 60 } });
  assert.equal((await fetch(signed)).status, 403, 'an address that Bob signed opens nothing of Ada');
  assert.equal(await (await downloadData({ path: 'public/hello.txt', options }).result).body.text(), 'hello');
  await signOut();

  // An editor has the rights of all users and those of the group.
  await administer(endpoint, 'AdminAddUserToGroup', { UserPoolId: outputs.auth.user_pool_id, Username: 'bob@example.com', GroupName: 'Editors' });
  await signIn({ username: 'bob@example.com', password });
  await uploadData({ path: 'reports/a.txt', data: 'report', options }).result;
  assert.deepEqual((await list({ path: 'reports/', options })).items.map((item) => item.path), ['reports/a.txt']);
  await uploadData({ path: `private/${bob}/b.txt`, data: 'b', options }).result;
  await refused(remove({ path: 'reports/a.txt', options }));
  await refused(downloadData({ path: own, options }).result);
  await signOut();

  assert.equal(await (await downloadData({ path: 'public/hello.txt', options }).result).body.text(), 'hello');
  await refused(uploadData({ path: 'public/guest.txt', data: 'a', options }).result);
  await refused(downloadData({ path: own, options }).result);
}

if (process.env.STORAGE_ENDPOINT) {
  await child(process.env.STORAGE_ENDPOINT, process.env.STORAGE_FOLDER);
  process.exit(0);
}
test('owners see their own folder over TLS, and no other', parent);
