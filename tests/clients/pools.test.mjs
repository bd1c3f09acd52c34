// User pools of other kinds, by the Auth module of the unmodified aws-amplify library: usernames with a second factor that is
// required, phone numbers, accounts that administrators make, no guests.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import {
  confirmResetPassword, confirmSignIn, confirmSignUp, fetchAuthSession, fetchUserAttributes, getCurrentUser, resetPassword, signIn, signOut, signUp,
} from 'aws-amplify/auth';

import { codeOf } from './authenticator.mjs';
import { Project, password } from './project.mjs';

const projects = [];

async function open(name, ...flags) {
  const project = await Project.open(name, [['add', 'auth', ...flags]]);
  projects.push(project);
  return project;
}

after(() => projects.forEach((project) => project.close()));

test('usernames, and a second factor that is set up at the first sign-in', async () => {
  const project = await open('names', '--sign-in', 'username', '--mfa', 'required');
  const account = { username: 'ada', password };
  const { nextStep: sent } = await signUp({ ...account, options: { userAttributes: { email: 'ada@example.com' } } });
  assert.deepEqual(sent.codeDeliveryDetails, { deliveryMedium: 'EMAIL', destination: 'a***@e***', attributeName: 'email' });
  await confirmSignUp({ username: 'ada', confirmationCode: await project.codeFor('ada') });
  const { isSignedIn, nextStep } = await signIn(account);
  assert.deepEqual([isSignedIn, nextStep.signInStep], [false, 'CONTINUE_SIGN_IN_WITH_TOTP_SETUP']);
  const { sharedSecret } = nextStep.totpSetupDetails;
  await assert.rejects(confirmSignIn({ challengeResponse: '000000' }), { name: 'EnableSoftwareTokenMFAException' });
  assert.equal((await confirmSignIn({ challengeResponse: codeOf(sharedSecret) })).isSignedIn, true);
  assert.equal((await getCurrentUser()).username, 'ada');
  await signOut();
  assert.equal((await signIn(account)).nextStep.signInStep, 'CONFIRM_SIGN_IN_WITH_TOTP_CODE');
  await assert.rejects(confirmSignIn({ challengeResponse: '000000' }), { name: 'CodeMismatchException' });
  assert.equal((await confirmSignIn({ challengeResponse: codeOf(sharedSecret, 1) })).isSignedIn, true);
});

test('phone numbers', async () => {
  const project = await open('phones', '--sign-in', 'phone');
  const account = { username: '+12065550100', password };
  const { userId, nextStep } = await signUp({ ...account, options: { userAttributes: { phone_number: account.username } } });
  assert.equal(nextStep.codeDeliveryDetails.deliveryMedium, 'SMS');
  assert.match(nextStep.codeDeliveryDetails.destination, /^\+\*+0100$/);
  await confirmSignUp({ username: account.username, confirmationCode: await project.codeFor(userId) });
  assert.equal((await signIn(account)).isSignedIn, true);
  assert.equal((await fetchUserAttributes()).phone_number_verified, 'true');
  await signOut();
  const { nextStep: recovery } = await resetPassword({ username: account.username });
  assert.equal(recovery.codeDeliveryDetails.deliveryMedium, 'SMS');
  const newPassword = 'Staple-battery-9';
  await confirmResetPassword({ username: account.username, newPassword, confirmationCode: await project.codeFor(userId) });
  assert.equal((await signIn({ ...account, password: newPassword })).isSignedIn, true);
  await assert.rejects(signUp({ username: 'no number', password }), { name: 'InvalidParameterException' });
});

test('accounts that only administrators make, and no guests', async () => {
  const project = await open('closed', '--sign-in', 'email', '--self-signup', 'false');
  const account = { username: 'ada@example.com', password };
  await assert.rejects(
    signUp({ ...account, options: { userAttributes: { email: account.username } } }),
    { name: 'NotAuthorizedException', message: 'SignUp is not permitted for this user pool' },
  );
  assert.deepEqual(await fetchAuthSession(), { tokens: undefined, credentials: undefined, identityId: undefined, userSub: undefined });
  await project.administer('AdminCreateUser', { Username: account.username, TemporaryPassword: 'Temporary-1', MessageAction: 'SUPPRESS' });
  assert.equal((await signIn({ ...account, password: 'Temporary-1' })).nextStep.signInStep, 'CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED');
  assert.equal((await confirmSignIn({ challengeResponse: password })).isSignedIn, true);
  assert.equal((await fetchAuthSession()).tokens.idToken.payload.email, account.username);
});
