// A project whose API knows every way to identify: a user pool, an API key, IAM for guests and users, an OpenID Connect provider
// that runs here, and an authoriser.
import { createSign, generateKeyPairSync } from 'node:crypto';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Project } from './project.mjs';

const schema = path.join(path.dirname(fileURLToPath(import.meta.url)), 'schemas', 'access.graphql');

const doorkeeper = `export const handler = async ({ authorizationToken: word }) => ({
  isAuthorized: word.startsWith('open sesame'),
  resolverContext: { word },
  deniedFields: word.endsWith('without inner') ? ['Machine.inner'] : [],
  ttlOverride: 0,
});`;

const who = `export const handler = async ({ identity }) => [
  identity?.username, identity?.sub && 'sub', identity?.groups?.join('+'), identity?.cognitoIdentityAuthType, identity?.resolverContext?.word,
].filter(Boolean).join(' ') || 'nobody';`;

/** A provider of OpenID Connect; its tokens are for the audience \`web\`. */
async function startIssuer() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const server = http.createServer((request, response) => {
    const address = `http://127.0.0.1:${server.address().port}`;
    const keys = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }] };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.url === '/keys' ? keys : { issuer: address, jwks_uri: `${address}/keys` }));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  server.unref();
  const address = `http://127.0.0.1:${server.address().port}`;
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = (claims) => {
    const now = Math.floor(Date.now() / 1000);
    const signed = `${part({ alg: 'RS256', kid: 'one', typ: 'JWT' })}.${part({ iss: address, aud: 'web', iat: now, exp: now + 600, ...claims })}`;
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
  };
  return { server, address, token };
}

export async function openAccess(name) {
  const issuer = await startIssuer();
  const project = await Project.open(name, [
    ['add', 'auth', '--sign-in', 'email', '--groups', 'Editors,Readers', '--guests', 'true'],
    ['add', 'function', '--name', 'who'],
    ['add', 'function', '--name', 'doorkeeper'],
    ['add', 'api', '--name', 'access', '--schema', schema, '--auth', 'user-pool', '--additional-auth', 'api-key,iam,oidc,lambda',
      '--authoriser', 'doorkeeper', '--oidc-issuer', issuer.address, '--oidc-client-id', 'web'],
  ], { 'ampup/function/who/index.mjs': who, 'ampup/function/doorkeeper/index.mjs': doorkeeper });
  return { project, issuer };
}
