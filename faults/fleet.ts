/** The replicas of one run, each with its link to the store. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { freePort } from '../test/free-port.ts'
import type { Backend } from './backend.ts'
import { loopback, openPlace, type Place } from './network.ts'
import { type Link, openLink } from './proxy.ts'
import type { DoorRequest, ReplicaOptions } from './replica.ts'

export interface Replica {
  readonly number: number
  readonly address: string
  readonly port: number
  /** `null` where the store is a file. */
  readonly link: Link | null
  readonly place: Place
  isRunning(): boolean
  /** An exit code or a signal for each time that it ended and nobody had asked it to. */
  readonly falls: readonly string[]
  /** Asks at the replica's own door; `null`: it did not answer. */
  door(asked: DoorRequest): Promise<{ readonly status: number; readonly body: unknown } | null>
  start(): Promise<void>
  kill(): Promise<void>
  /** Ends as a deploy ends it: requests under way are finished. */
  drain(): Promise<void>
  pause(): void
  resume(): void
  remove(): Promise<void>
}

export interface Fleet {
  readonly replicas: readonly Replica[]
  readonly publicUrl: string
  remove(): Promise<void>
}

const publicUrl = 'https://kelp.example.org'
const startWithin = 20_000

/** Starts so many replicas of the gateway whose sources lie in `root`. */
export async function startFleet(
  backend: Backend,
  count: number,
  root: string,
  isOnLoopback: boolean,
): Promise<Fleet> {
  const replicas: Replica[] = []
  const remove = async (): Promise<void> => {
    await Promise.all(replicas.map((replica) => replica.remove()))
  }
  try {
    for (let number = 0; number < count; number++) {
      const place = isOnLoopback ? loopback() : openPlace(number)
      const replica = await openReplica(place, number, backend, root)
      replicas.push(replica)
    }
    // The first makes the tables and the keys.
    const [first, ...others] = replicas
    await first?.start()
    await Promise.all(others.map((replica) => replica.start()))
    return { replicas, publicUrl, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

async function openReplica(place: Place, number: number, backend: Backend, root: string): Promise<Replica> {
  const link = backend.port === null ? null : await openLink(place.host, () => backend.port?.() ?? 0)
  const [port, doorPort] = [await freePort(), await freePort()]
  const options: ReplicaOptions = {
    ...{ host: place.address, port, doorPort, publicUrl },
    store: backend.url(`${place.host}:${link?.port ?? 0}`),
  }
  let child: ChildProcess | null = null
  const falls: string[] = []
  /** Whether the end that comes is wanted. */
  let isEnding = false

  const isRunning = (): boolean => child !== null && child.exitCode === null && child.signalCode === null

  async function start(): Promise<void> {
    const script = join(root, 'faults', 'replica.ts')
    const [command = '', ...args] = [...place.prefix, process.execPath, script, JSON.stringify(options)]
    const started = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    child = started
    isEnding = false
    started.once('exit', (code, signal) => {
      if (!isEnding) falls.push(`${code ?? signal}`)
    })
    const ready = once(started, 'message')
    const ended = once(started, 'exit').then(([code]) =>
      Promise.reject(new Error(`Replica ${number} ended: ${code}`)),
    )
    ended.catch(() => {})
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`Replica ${number} did not start.`)), startWithin)
    })
    await Promise.race([ready, ended, late]).finally(() => clearTimeout(timer))
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child === null || !isRunning()) return
    const exit = once(child, 'exit')
    isEnding = true
    child.kill(signal)
    await exit
  }

  const kill = (): Promise<void> => end('SIGKILL')

  return {
    ...{
      number,
      address: place.address,
      port,
      link,
      place,
      isRunning,
      falls,
      start,
      kill,
      drain: () => end('SIGTERM'),
    },
    door: (asked) => knock(place.address, doorPort, asked),
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async remove() {
      await kill()
      await link?.close()
      place.remove()
    },
  }
}

const patience = 5_000

function knock(
  host: string,
  port: number,
  asked: DoorRequest,
): Promise<{ readonly status: number; readonly body: unknown } | null> {
  return new Promise((resolve) => {
    const outgoing = request({ host, port, method: 'POST', agent: false, timeout: patience }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => {
        text += piece
      })
      response.on('error', () => resolve(null))
      response.on('close', () => {
        if (!response.complete) return resolve(null)
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) })
      })
    })
    outgoing.on('timeout', () => outgoing.destroy())
    outgoing.on('error', () => resolve(null))
    outgoing.end(JSON.stringify(asked))
  })
}
