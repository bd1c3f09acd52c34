// Two people with a browser each, whose apps keep their data in DataStore.
import { appendFileSync } from 'node:fs';
import path from 'node:path';

import { servePage } from '../page.mjs';
import { Project, password, until as come } from '../project.mjs';
import { Browser } from './browser.mjs';

/** Waits until something holds; a browser's errors and console tell why it does not. */
export async function until(what, test, browser) {
  try {
    return await come(what, test);
  } catch (error) {
    const said = browser ? JSON.stringify([await browser.call('errors'), browser.console.slice(-20)]) : '';
    throw new Error(`${error.message}: ${said}`, { cause: error });
  }
}

export const ready = (browser) => until('ready', () => browser.call('has', 'ready'), browser);

export const sent = (browser) => until('all edits sent', () => browser.call('outboxIsEmpty'), browser);

export async function leave(...browsers) {
  await Promise.all(browsers.map(async (browser) => {
    await browser.call('forget');
    await browser.network(true);
    await until('offline', async () => (await browser.call('events')).some(({ event, data }) => event === 'networkStatus' && !data.active), browser);
  }));
}

export async function comeBack(browser, edited = true) {
  await browser.call('forget');
  await browser.network(false);
  await until('all changes read', () => browser.call('has', 'syncQueriesReady'), browser);
  if (edited) await sent(browser);
}

/** A project with these settings and files, and Ada and Bob, who are signed in; what they are called with is up to the test. */
export async function openPair(name, settings, files) {
  const pair = {};
  pair.project = await Project.open(name, [['codegen', '--target', 'models-js']], files, (folder) => appendFileSync(path.join(folder, 'ampup.toml'), settings));
  try {
    const { folder } = pair.project;
    const people = ['ada@example.com', 'bob@example.com'];
    const opening = people.map((person) => Browser.open(path.join(folder, `profile-${person}`)));
    const [page, ...browsers] = await Promise.all([servePage('datastore/page.mjs', { 'ampup-models': path.join(folder, 'src', 'models', 'index.js') }), ...opening]);
    [pair.ada, pair.bob] = browsers;
    pair.server = page.server;
    await Promise.all(browsers.map(async (browser, position) => {
      await browser.visit(page.address);
      await browser.call('configure', pair.project.outputs);
      const { userId } = await browser.call('signUp', people[position], password);
      await browser.call('confirm', people[position], await pair.project.codeFor(userId));
      await browser.call('signIn', people[position], password);
    }));
    return pair;
  } catch (error) {
    await closePair(pair);
    throw error;
  }
}

export async function closePair(pair) {
  await Promise.all([pair?.ada?.close(), pair?.bob?.close()]);
  pair?.server?.close();
  pair?.project?.close();
}
