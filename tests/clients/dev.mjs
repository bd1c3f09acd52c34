// `ampup dev` for tests: started in a project's folder, and what its board says.
import { spawn } from 'node:child_process';

/** The process and the board, when the cloud is ready; at any free port when none is given. */
export function startDev(folder, port = 0) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.env.AMPUP, ['dev', '--port', String(port), '--no-watch', '--json'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    let errors = '';
    child.stderr.on('data', (bytes) => { errors += bytes; });
    child.stdout.on('data', (bytes) => {
      text += bytes;
      try { resolve({ child, board: JSON.parse(text) }); } catch { /* the document is not whole yet */ }
    });
    child.on('exit', (code) => reject(new Error(`ampup dev ended with ${code}: ${text}${errors}`)));
  });
}
