// A PostgreSQL in a temporary folder, from Debian's package `postgresql`, which is reached by a socket in that folder.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import pg from 'pg';

/** The folder of the programs: they are not in the path of Debian. */
function programs() {
  const all = '/usr/lib/postgresql';
  const versions = existsSync(all) ? readdirSync(all).sort((a, b) => Number(b) - Number(a)) : [];
  if (versions.length === 0) throw new Error('no PostgreSQL here: install the package `postgresql`');
  return path.join(all, versions[0], 'bin');
}

/** PostgreSQL refuses to run as root. */
const asUser = (program, args) =>
  process.getuid() === 0 ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', program, ...args]] : [program, args];

/** A running server: a pool of connections to its database, and a function that stops it. */
export async function startPostgres() {
  const folder = mkdtempSync(path.join(tmpdir(), 'ampup-postgres-'));
  if (process.getuid() === 0) execFileSync('chown', ['postgres', folder]);
  chmodSync(folder, 0o700);
  const data = path.join(folder, 'data');
  const init = asUser(path.join(programs(), 'initdb'), ['-D', data, '-U', 'owner', '-A', 'trust', '-E', 'UTF8', '--locale=C']);
  execFileSync(...init, { stdio: ['ignore', 'ignore', 'inherit'], cwd: folder });
  const settings = ['listen_addresses=', `unix_socket_directories=${folder}`, 'fsync=off', 'timezone=UTC'];
  const serve = asUser(path.join(programs(), 'postgres'), ['-D', data, ...settings.flatMap((one) => ['-c', one])]);
  const child = spawn(...serve, { stdio: 'ignore', cwd: folder });
  const ended = new Promise((resolve) => { child.on('exit', resolve); });
  const pool = new pg.Pool({ host: folder, user: 'owner', database: 'postgres', max: 4 });
  // Connections that the server ends when it is stopped.
  pool.on('error', () => {});
  await ready(pool, ended);
  const stop = async () => {
    await pool.end();
    child.kill('SIGINT');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { pool, stop };
}

async function ready(pool, ended) {
  let over = false;
  ended.then(() => { over = true; });
  for (;;) {
    try {
      await pool.query('select 1');
      return;
    } catch (error) {
      if (over) throw new Error('PostgreSQL ended', { cause: error });
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  }
}
