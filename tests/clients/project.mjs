// A project for tests, made by real commands in a temporary folder and deployed to its local cloud; its people and their mail.
// AMPUP names the program.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Amplify } from 'aws-amplify';
import { confirmSignUp, signIn, signUp } from 'aws-amplify/auth';
import { cognitoCredentialsProvider, cognitoUserPoolsTokenProvider } from 'aws-amplify/auth/cognito';
import WebSocket from 'ws';

import { administer } from './administer.mjs';
import { startDev } from './dev.mjs';

// Browsers have it, as newer Node.js does.
globalThis.WebSocket ??= WebSocket;

export const password = 'Correct-horse-7';

/** What a browser's localStorage is to one person. */
class Cupboard {
  items = new Map();

  async getItem(key) { return this.items.get(key) ?? null; }

  async setItem(key, value) { this.items.set(key, value); }

  async removeItem(key) { this.items.delete(key); }

  async clear() { this.items.clear(); }
}

export class Project {
  /**
   * `steps` are lists of arguments of ampup; `files` are written before them, by path in the project, and `prepare` is given
   * the folder.
   */
  static async open(name, steps, files = {}, prepare = () => {}) {
    const project = new Project();
    project.folder = mkdtempSync(path.join(tmpdir(), `ampup-${name}-`));
    project.people = new Map([['guest', new Cupboard()]]);
    try {
      project.run('init', name, '--target', 'local', '--json');
      project.write(files);
      prepare(project.folder);
      steps.forEach((step) => project.run(...step, '--json'));
      await project.start();
    } catch (error) {
      project.close();
      throw error;
    }
    await project.configure();
    return project;
  }

  run(...args) {
    return execFileSync(process.env.AMPUP, args, { cwd: this.folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  write(files) {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(this.folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }

  /** The cloud at a port, any that is free when none is given. */
  async start(port = 0) {
    const { child, board } = await startDev(this.folder, port);
    this.cloud = child;
    this.endpoint = board.endpoint;
    this.board = board;
    this.outputs = JSON.parse(readFileSync(path.join(this.folder, 'amplify_outputs.json'), 'utf8'));
  }

  /** The cloud ends as by a power failure. */
  async stop() {
    const gone = new Promise((resolve) => { this.cloud.on('exit', resolve); });
    this.cloud.kill('SIGKILL');
    await gone;
  }

  configure() {
    Amplify.configure(this.outputs);
    return this.become('guest');
  }

  /** Whoever calls from now on. Each person has a storage of their own, as if each sat at a browser of their own. */
  async become(person) {
    if (!this.people.has(person)) this.people.set(person, new Cupboard());
    cognitoUserPoolsTokenProvider.setKeyValueStorage(this.people.get(person));
    await cognitoCredentialsProvider.clearCredentialsAndIdentityId();
  }

  async messages(username) {
    const answer = await fetch(`${this.endpoint}/_ampup/mailbox?username=${encodeURIComponent(username)}`);
    return (await answer.json()).messages;
  }

  async codeFor(username) {
    const messages = await this.messages(username);
    assert.ok(messages.length > 0, `a message for ${username}`);
    return messages[0].code;
  }

  administer(action, input) {
    return administer(this.endpoint, action, { UserPoolId: this.outputs.auth.user_pool_id, ...input });
  }

  /** Signs up, confirms, joins groups and signs in; from now on this person calls. */
  async enter(name, groups = []) {
    const username = `${name}@example.com`;
    await this.become(name);
    const { userId } = await signUp({ username, password, options: { userAttributes: { email: username } } });
    await confirmSignUp({ username, confirmationCode: await this.codeFor(userId) });
    for (const GroupName of groups) await this.administer('AdminAddUserToGroup', { Username: username, GroupName });
    await signIn({ username, password });
    return userId;
  }

  close() {
    this.cloud?.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits until something holds, and gives it. */
export async function until(what, test, patience = 20_000) {
  const end = Date.now() + patience;
  for (;;) {
    const seen = await test();
    if (seen) return seen;
    if (Date.now() > end) assert.fail(`${what} did not come about`);
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
}

/** The data of an answer without errors. */
export function good({ data, errors }) {
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}
