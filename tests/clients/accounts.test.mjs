// The Auth module of the unmodified aws-amplify library: an account's whole life, what each wrong step is told, and a second
// factor by an authenticator app.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import {
  autoSignIn, confirmResetPassword, confirmSignIn, confirmSignUp, confirmUserAttribute, deleteUser, deleteUserAttributes, fetchAuthSession,
  fetchMFAPreference, fetchUserAttributes, getCurrentUser, resendSignUpCode, resetPassword, sendUserAttributeVerificationCode,
  setUpTOTP, signIn, signOut, signUp, updateMFAPreference, updatePassword, updateUserAttribute, updateUserAttributes, verifyTOTPSetup,
} from 'aws-amplify/auth';
import { Hub } from 'aws-amplify/utils';

import { codeOf } from './authenticator.mjs';
import { Project, password, until } from './project.mjs';

const second = 'Staple-battery-9';
const username = 'ada@example.com';
let project;
const events = [];

before(async () => {
  project = await Project.open('accounts', [['add', 'auth', '--sign-in', 'email', '--mfa', 'optional', '--guests', 'true', '--groups', 'Editors']]);
  Hub.listen('auth', ({ payload }) => events.push(payload.event));
});

after(() => project?.close());

const named = (name) => ({ name });

test('sign-up: what is asked for, codes, and the second time', async () => {
  await project.become('ada');
  await assert.rejects(signUp({ username, password: 'short', options: { userAttributes: { email: username } } }), named('InvalidPasswordException'));
  const started = await signUp({ username, password, options: { userAttributes: { email: username, name: 'Ada' }, autoSignIn: true } });
  assert.equal(started.isSignUpComplete, false);
  assert.equal(started.nextStep.signUpStep, 'CONFIRM_SIGN_UP');
  assert.deepEqual(started.nextStep.codeDeliveryDetails, { deliveryMedium: 'EMAIL', destination: 'a***@e***', attributeName: 'email' });
  await assert.rejects(signUp({ username, password, options: { userAttributes: { email: username } } }), named('UsernameExistsException'));
  await assert.rejects(confirmSignUp({ username, confirmationCode: '000000' }), named('CodeMismatchException'));
  const old = await project.codeFor(started.userId);
  const sent = await resendSignUpCode({ username });
  assert.equal(sent.destination, 'a***@e***');
  const code = await project.codeFor(started.userId);
  assert.notEqual(code, old);
  await assert.rejects(confirmSignUp({ username, confirmationCode: old }), named('CodeMismatchException'));
  const done = await confirmSignUp({ username, confirmationCode: code });
  assert.equal(done.isSignUpComplete, true);
  assert.equal(done.nextStep.signUpStep, 'COMPLETE_AUTO_SIGN_IN');
  assert.equal((await autoSignIn()).isSignedIn, true);
  assert.equal((await getCurrentUser()).userId, started.userId);
  await assert.rejects(confirmSignUp({ username, confirmationCode: code }), named('NotAuthorizedException'));
});

test('whoever has not confirmed is asked to, and sees no other session', async () => {
  const early = { username: 'early@example.com', password };
  await project.become('early');
  await signUp({ ...early, options: { userAttributes: { email: early.username } } });
  assert.equal((await signIn(early)).nextStep.signInStep, 'CONFIRM_SIGN_UP');
  await assert.rejects(signIn({ ...early, password: 'Wrong-horse-7' }), named('NotAuthorizedException'));
  await assert.rejects(getCurrentUser(), named('UserUnAuthenticatedException'));
  await project.become('ada');
});

test('a session: tokens, credentials, and the events of it', async () => {
  const { tokens, credentials, identityId, userSub } = await fetchAuthSession();
  assert.equal(tokens.accessToken.payload.token_use, 'access');
  assert.equal(tokens.idToken.payload.email, username);
  assert.equal(userSub, tokens.idToken.payload.sub);
  assert.match(credentials.accessKeyId, /^ASIA/);
  assert.ok(credentials.expiration > new Date());
  assert.match(identityId, /^us-east-1:/);
  const fresh = await fetchAuthSession({ forceRefresh: true });
  assert.notEqual(fresh.tokens.accessToken.toString(), tokens.accessToken.toString());
  assert.equal(fresh.identityId, identityId);
  await until('the refresh', () => events.includes('tokenRefresh'));
});

test('attributes are read, changed, confirmed and taken away', async () => {
  const read = await fetchUserAttributes();
  assert.deepEqual([read.email, read.email_verified, read.name], [username, 'true', 'Ada']);
  const { isUpdated } = await updateUserAttribute({ userAttribute: { attributeKey: 'name', value: 'Ada L.' } });
  assert.equal(isUpdated, true);
  const many = await updateUserAttributes({ userAttributes: { given_name: 'Ada', family_name: 'L.' } });
  assert.deepEqual(Object.values(many).map((one) => one.isUpdated), [true, true]);
  await deleteUserAttributes({ userAttributeKeys: ['family_name'] });
  assert.deepEqual([(await fetchUserAttributes()).name, (await fetchUserAttributes()).family_name], ['Ada L.', undefined]);
  const { nextStep } = await updateUserAttribute({ userAttribute: { attributeKey: 'email', value: 'lovelace@example.com' } });
  assert.equal(nextStep.updateAttributeStep, 'CONFIRM_ATTRIBUTE_WITH_CODE');
  const { userId } = await getCurrentUser();
  await assert.rejects(confirmUserAttribute({ userAttributeKey: 'email', confirmationCode: '000000' }), named('CodeMismatchException'));
  await sendUserAttributeVerificationCode({ userAttributeKey: 'email' });
  await confirmUserAttribute({ userAttributeKey: 'email', confirmationCode: await project.codeFor(userId) });
  const changed = await fetchUserAttributes();
  assert.deepEqual([changed.email, changed.email_verified], ['lovelace@example.com', 'true']);
  await updateUserAttribute({ userAttribute: { attributeKey: 'email', value: username } });
  await confirmUserAttribute({ userAttributeKey: 'email', confirmationCode: await project.codeFor(userId) });
  await assert.rejects(updateUserAttribute({ userAttribute: { attributeKey: 'custom:none', value: 'x' } }), named('InvalidParameterException'));
});

test('passwords are changed and recovered', async () => {
  const { userId } = await getCurrentUser();
  await assert.rejects(updatePassword({ oldPassword: 'Wrong-horse-7', newPassword: second }), named('NotAuthorizedException'));
  await assert.rejects(updatePassword({ oldPassword: password, newPassword: 'weak' }), named('InvalidPasswordException'));
  await updatePassword({ oldPassword: password, newPassword: second });
  await signOut();
  await assert.rejects(signIn({ username, password }), { name: 'NotAuthorizedException', message: 'Incorrect username or password.' });
  await assert.rejects(signIn({ username: 'nobody@example.com', password }), named('NotAuthorizedException'));
  assert.equal((await signIn({ username, password: second })).isSignedIn, true);
  await signOut();
  const { nextStep } = await resetPassword({ username });
  assert.equal(nextStep.resetPasswordStep, 'CONFIRM_RESET_PASSWORD_WITH_CODE');
  assert.equal(nextStep.codeDeliveryDetails.destination, 'a***@e***');
  const confirmationCode = await project.codeFor(userId);
  await assert.rejects(confirmResetPassword({ username, newPassword: password, confirmationCode: '000000' }), named('CodeMismatchException'));
  await assert.rejects(confirmResetPassword({ username, newPassword: 'weak', confirmationCode }), named('InvalidPasswordException'));
  await confirmResetPassword({ username, newPassword: password, confirmationCode });
  assert.equal((await signIn({ username, password })).isSignedIn, true);
  await assert.rejects(signIn({ username, password }), named('UserAlreadyAuthenticatedException'));
});

test('other ways to sign in: the password itself, and those that the client does not allow', async () => {
  await signOut();
  assert.equal((await signIn({ username, password, options: { authFlowType: 'USER_PASSWORD_AUTH' } })).isSignedIn, true);
  await signOut();
  for (const authFlowType of ['CUSTOM_WITHOUT_SRP', 'CUSTOM_WITH_SRP']) {
    await assert.rejects(signIn({ username, password: authFlowType === 'CUSTOM_WITHOUT_SRP' ? undefined : password, options: { authFlowType } }), named('InvalidParameterException'), authFlowType);
  }
  assert.equal((await signIn({ username, password, options: { authFlowType: 'USER_SRP_AUTH' } })).isSignedIn, true);
});

test('a second factor by an authenticator app', async () => {
  const setup = await setUpTOTP();
  assert.match(setup.getSetupUri('ampup', username).href, /^otpauth:\/\/totp\/ampup:/);
  await assert.rejects(verifyTOTPSetup({ code: '000000' }), named('EnableSoftwareTokenMFAException'));
  await verifyTOTPSetup({ code: codeOf(setup.sharedSecret) });
  await updateMFAPreference({ totp: 'PREFERRED' });
  assert.deepEqual(await fetchMFAPreference(), { enabled: ['TOTP'], preferred: 'TOTP' });
  await signOut();
  const { isSignedIn, nextStep } = await signIn({ username, password });
  assert.deepEqual([isSignedIn, nextStep.signInStep], [false, 'CONFIRM_SIGN_IN_WITH_TOTP_CODE']);
  await assert.rejects(confirmSignIn({ challengeResponse: '000000' }), named('CodeMismatchException'));
  // A code counts once: the next step's is taken as well.
  assert.equal((await confirmSignIn({ challengeResponse: codeOf(setup.sharedSecret, 1) })).isSignedIn, true);
  await updateMFAPreference({ totp: 'DISABLED' });
  assert.deepEqual(await fetchMFAPreference(), { enabled: undefined, preferred: undefined });
  await signOut();
  assert.equal((await signIn({ username, password })).isSignedIn, true);
});

test('whoever an administrator made chooses a password of their own', async () => {
  await project.become('bob');
  const Username = 'bob@example.com';
  await project.administer('AdminCreateUser', { Username, TemporaryPassword: 'Temporary-1', UserAttributes: [{ Name: 'email', Value: Username }, { Name: 'email_verified', Value: 'true' }] });
  const { nextStep } = await signIn({ username: Username, password: 'Temporary-1' });
  assert.equal(nextStep.signInStep, 'CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED');
  await assert.rejects(confirmSignIn({ challengeResponse: 'weak' }), named('InvalidPasswordException'));
  const done = await confirmSignIn({ challengeResponse: password, options: { userAttributes: { name: 'Bob' } } });
  assert.equal(done.isSignedIn, true);
  assert.equal((await fetchUserAttributes()).name, 'Bob');
  await project.administer('AdminResetUserPassword', { Username });
  await signOut();
  assert.equal((await signIn({ username: Username, password })).nextStep.signInStep, 'RESET_PASSWORD');
  await project.administer('AdminSetUserPassword', { Username, Password: password, Permanent: true });
  assert.equal((await signIn({ username: Username, password })).isSignedIn, true);
  await signOut();
  await project.administer('AdminDisableUser', { Username });
  await assert.rejects(signIn({ username: Username, password }), { name: 'NotAuthorizedException', message: 'User is disabled.' });
});

test('a guest who signs in, signs out and comes back is the same person', async () => {
  await project.become('cat');
  const guest = (await fetchAuthSession()).identityId;
  await project.become('ada');
  const ada = (await fetchAuthSession()).identityId;
  assert.notEqual(ada, guest);
  await signOut();
  const again = (await fetchAuthSession()).identityId;
  assert.notEqual(again, ada, 'a guest is nobody');
  await signIn({ username, password });
  const { identityId, credentials } = await fetchAuthSession();
  assert.equal(identityId, ada);
  assert.ok(credentials.sessionToken);
});

test('a sign-out everywhere ends the other session too', async () => {
  await project.become('one');
  await signIn({ username, password });
  await project.become('two');
  await signIn({ username, password });
  await signOut({ global: true });
  await project.become('one');
  await assert.rejects(fetchUserAttributes(), named('NotAuthorizedException'));
  const { tokens } = await fetchAuthSession({ forceRefresh: true });
  assert.equal(tokens, undefined);
  await assert.rejects(getCurrentUser(), named('UserUnAuthenticatedException'));
});

test('an account is deleted', async () => {
  await project.become('ada');
  await signOut();
  await signIn({ username, password });
  await deleteUser();
  await assert.rejects(getCurrentUser(), named('UserUnAuthenticatedException'));
  await assert.rejects(signIn({ username, password }), named('NotAuthorizedException'));
});
