// What an administrator asks of Cognito, signed with the key of the account.
import assert from 'node:assert/strict';

import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';

export async function administer(endpoint, action, input) {
  const { hostname, port, host, protocol } = new URL(endpoint);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const signer = new SignatureV4({ service: 'cognito-idp', region: 'us-east-1', credentials, sha256: Sha256 });
  const headers = { host, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AWSCognitoIdentityProviderService.${action}` };
  const body = JSON.stringify(input);
  const signed = await signer.sign({ method: 'POST', protocol, hostname, port: Number(port), path: '/', headers, body });
  const answer = await fetch(endpoint, { method: 'POST', headers: signed.headers, body });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text);
}
