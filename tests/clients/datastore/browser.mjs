// A Chromium with a profile of its own, spoken to by the DevTools protocol over pipes.
import { spawn } from 'node:child_process';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

export class Browser {
  static async open(profile, further = [], program = process.env.CHROMIUM ?? names[0]) {
    const browser = new Browser();
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
      '--disable-extensions', '--disable-background-networking', `--user-data-dir=${profile}`, '--remote-debugging-pipe',
      ...further, 'about:blank'];
    browser.child = spawn(program, flags, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    browser.pending = new Map();
    browser.next = 0;
    browser.console = [];
    browser.gone = new Promise((resolve) => { browser.child.on('exit', resolve); });
    browser.child.on('error', (error) => { browser.failure = error; browser.fail(error); });
    let rest = '';
    browser.child.stdio[4].setEncoding('utf8').on('data', (text) => {
      const parts = (rest + text).split('\0');
      rest = parts.pop();
      parts.forEach((part) => browser.hear(JSON.parse(part)));
    });
    await browser.attach();
    return browser;
  }

  async attach() {
    const { targetInfos } = await this.send('Target.getTargets', {}, null);
    const page = targetInfos.find(({ type }) => type === 'page');
    const { sessionId } = await this.send('Target.attachToTarget', { targetId: page.targetId, flatten: true }, null);
    this.session = sessionId;
    await Promise.all(['Page.enable', 'Runtime.enable', 'Network.enable'].map((method) => this.send(method)));
  }

  fail(error) {
    this.pending.forEach(({ reject }) => reject(error));
    this.pending.clear();
  }

  hear(message) {
    const waiting = this.pending.get(message.id);
    if (waiting) {
      this.pending.delete(message.id);
      if (message.error) waiting.reject(new Error(JSON.stringify(message.error)));
      else waiting.resolve(message.result);
    } else if (message.method === 'Runtime.consoleAPICalled') {
      this.console.push(message.params.args.map((one) => one.value ?? one.description).join(' '));
    } else if (message.method === 'Page.loadEventFired') {
      this.loaded?.();
    }
  }

  send(method, params = {}, sessionId = this.session) {
    if (this.failure) return Promise.reject(this.failure);
    this.next += 1;
    const id = this.next;
    const message = sessionId ? { id, method, params, sessionId } : { id, method, params };
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.child.stdio[3].write(`${JSON.stringify(message)}\0`);
    });
  }

  async visit(url) {
    const loaded = new Promise((resolve) => { this.loaded = resolve; });
    await this.send('Page.navigate', { url });
    await loaded;
  }

  /** Calls a function of the page's app. */
  async call(name, ...args) {
    const expression = `Promise.resolve(app.${name}(...${JSON.stringify(args)}))`;
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      expression, awaitPromise: true, returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  network(offline) {
    return this.send('Network.emulateNetworkConditions', {
      offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1,
    });
  }

  async close() {
    await Promise.race([this.send('Browser.close', {}, null).catch(() => {}), this.gone]);
    setTimeout(() => this.child.kill('SIGKILL'), 2000).unref();
    await this.gone;
  }
}
