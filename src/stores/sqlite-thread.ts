import { Worker } from 'node:worker_threads'
import type { SqliteFault } from './sqlite-fault.ts'
import type { WriteOrder, WriteResult, WriterMessage } from './sqlite-writes.ts'

/** The running thread that makes a process's writes. */
export interface WriterThread {
  post(order: WriteOrder): void
  /** Whether the thread keeps the process alive: only while somebody waits for it. */
  hold(isHeld: boolean): void
  /** Lets it finish, and resolves when it is gone. */
  stop(): Promise<void>
}

export interface WriterThreadOptions {
  readonly path: string
  onResults(results: readonly WriteResult[]): void
  /** Called once when a thread that had started is gone, whatever the reason. */
  onExit(fault: SqliteFault): void
}

const stopPatience = 5000

/** Starts the thread; resolves to the fault if it cannot use the file. */
export async function startThread(options: WriterThreadOptions): Promise<WriterThread | SqliteFault> {
  const { path, onResults, onExit } = options
  let worker: Worker
  try {
    worker = createWorker(path)
  } catch (error) {
    return stopped(path, `cannot be made (${error instanceof Error ? error.message : 'unknown error'})`)
  }
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const thread: WriterThread = {
    post: (order) => worker.postMessage(order),
    hold(isHeld) {
      if (isHeld) worker.ref()
      else worker.unref()
    },
    async stop() {
      worker.ref()
      worker.postMessage('close')
      // A thread stuck in a dying disk must not keep the process from ending.
      const timer = setTimeout(() => void worker.terminate(), stopPatience)
      await exited
      clearTimeout(timer)
    },
  }
  return new Promise((resolve) => {
    let hasStarted = false
    let fault = stopped(path, 'stopped')
    worker.on('message', (message: WriterMessage) => {
      if (message.kind === 'done') return onResults(message.results)
      if (message.kind === 'unusable') {
        fault = message.fault
        return
      }
      hasStarted = true
      worker.unref()
      resolve(thread)
    })
    worker.on('error', (error) => {
      fault = stopped(path, `failed (${error instanceof Error ? error.message : 'unknown error'})`)
    })
    worker.on('exit', () => {
      if (hasStarted) onExit(fault)
      else resolve(fault)
    })
  })
}

function createWorker(path: string): Worker {
  // From source the files end in .ts, from dist in .js.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
  return new Worker(new URL(`./sqlite-writer${extension}`, import.meta.url), {
    name: 'holdfast-sqlite',
    workerData: { path },
    // Nothing of the parent's: its secrets and its loaders have no business there.
    env: {},
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
}

function stopped(path: string, how: string): SqliteFault {
  const message =
    `SQLite store ${path}: its writing thread ${how} and is started again. ` +
    'Whether the change was made is unknown; try again.'
  return { code: 'ERR_STORE_UNAVAILABLE', message }
}
