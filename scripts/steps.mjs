// Plain JavaScript: runs on Node 18 before anything is installed.
import { spawn } from 'node:child_process'

const quiet = 400
const beat = 15_000
const windows = process.platform === 'win32'
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a program and shows that it runs. Resolves to its exit code (`null`: it could not be started, or took longer than
 * `limit` seconds) and what it printed, also while it is shown with `show`.
 */
export async function run(label, command, args, options = {}) {
  const { cwd, env = process.env, limit = 900, show = false, input } = options
  const started = Date.now()
  const done = progress(label, show)
  const result = await new Promise((resolve) => {
    // A group of its own, so that what it started ends with it.
    const child = spawn(command, args, {
      detached: !windows,
      cwd,
      env,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    let output = ''
    let late = false
    const keep = (stream) => (chunk) => {
      output = (output + chunk).slice(-200_000)
      if (show) stream.write(chunk)
    }
    child.stdout.on('data', keep(process.stdout))
    child.stderr.on('data', keep(process.stderr))
    child.stdin?.end(input)
    const timer = setTimeout(() => {
      late = true
      end(child, 'SIGTERM')
      setTimeout(() => end(child, 'SIGKILL'), 5_000).unref()
    }, limit * 1000)
    const onSignal = () => {
      end(child, 'SIGTERM')
      process.exit(130)
    }
    for (const signal of signals) process.once(signal, onSignal)
    child.once('error', (error) => resolve({ code: null, output: String(error.message), late }))
    child.once('close', (code) => {
      clearTimeout(timer)
      for (const signal of signals) process.off(signal, onSignal)
      resolve({
        code: late ? null : code,
        output: late ? `${output}\nIt took longer than ${limit} s.` : output,
        late,
      })
    })
  })
  done(result.code === 0, Math.round((Date.now() - started) / 1000))
  return result
}

function end(child, signal) {
  try {
    process.kill(windows ? child.pid : -child.pid, signal)
  } catch {
    // It has ended.
  }
}

/** The last lines of what a program printed. */
export function tail(output, lines = 25) {
  return output.trimEnd().split('\n').slice(-lines).join('\n')
}

/** Prints a line of our own. */
export function say(text) {
  process.stdout.write(`${text}\n`)
}

// On a terminal one line that counts seconds; in a log a line now and then, so that nobody takes it for dead.
function progress(label, show) {
  const live = process.stdout.isTTY === true && !show
  if (show || !live) say(`• ${label} …`)
  const started = Date.now()
  const seconds = () => Math.round((Date.now() - started) / 1000)
  const tick = live
    ? setInterval(() => process.stdout.write(`\r• ${label} … ${seconds()} s`), quiet)
    : setInterval(() => say(`• ${label} … ${seconds()} s`), beat)
  return (ok, took) => {
    clearInterval(tick)
    const line = `${ok ? '✓' : '✗'} ${label} (${took} s)`
    process.stdout.write(live ? `\r${line}\u001b[K\n` : `${line}\n`)
  }
}
