/** Whether the app is there, and reachable through the gateway only. */
import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { networkInterfaces } from 'node:os'
import type { Config } from '../gateway/config.ts'
import { runFilePath } from '../gateway/run-place.ts'
import { bad, type Finding, fine } from './finding.ts'

export interface AppPlace {
  /** Every instance of it. */
  readonly upstreams: readonly URL[]
  readonly command: readonly string[] | null
}

const patience = 2_000

/** Asks the app where it is said to be, and on every address of this machine that others reach. */
export async function appFindings(config: Config, { upstreams, command }: AppPlace): Promise<Finding[]> {
  const findings = command === null ? [] : commandFindings(command)
  if (upstreams.length === 0) {
    const port = await runningPort(config)
    if (port !== null) findings.push(...(await exposure(port)))
    else if (command === null)
      findings.push(fine('app', 'not named; holdfast check --upstream <url> asks it too'))
    return findings
  }
  const found = await Promise.all(upstreams.map(instanceFindings))
  return [...findings, ...found.flat()]
}

async function instanceFindings(upstream: URL): Promise<Finding[]> {
  const answer = await status(upstream)
  if (answer === null)
    return [bad('app', `Nothing answers at ${upstream.origin}. Start the app, or correct --upstream.`, 1)]
  const answered = fine('app', `${upstream.origin} answers (${answer})`)
  const port = Number(upstream.port || (upstream.protocol === 'https:' ? 443 : 80))
  if (await isHere(upstream.hostname)) return [answered, ...(await exposure(port))]
  const elsewhere = `${upstream.hostname} is another machine: see to it that only this one reaches it`
  return [answered, fine('reach', elsewhere)]
}

/** An address in the command itself wins over the one that `run` sets. */
function commandFindings(command: readonly string[]): Finding[] {
  const words = command.join(' ')
  const given = /--(?:server\.address|host|address|bind)[= ](\S+)/.exec(words)?.[1]
  if (given === undefined || /^(?:127\.|localhost$|\[?::1\]?$)/.test(given)) return []
  return [bad('reach', `The command makes the app listen on ${given}, round the gateway: leave that out.`, 2)]
}

async function exposure(port: number): Promise<Finding[]> {
  const open: string[] = []
  for (const address of publicAddresses()) {
    const host = address.includes(':') ? `[${address}]` : address
    if ((await status(new URL(`http://${host}:${port}`))) !== null) open.push(`${host}:${port}`)
  }
  if (open.length === 0) return [fine('reach', `port ${port} answers on no address that others reach`)]
  return [
    bad(
      'reach',
      `The app answers on ${open.join(' and ')}, round the gateway: whoever goes there needs no sign-in. Let it listen ` +
        'on 127.0.0.1 only (streamlit: --server.address 127.0.0.1).',
      2,
    ),
  ]
}

function publicAddresses(): string[] {
  const found = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  // A link-local address needs a zone, and says nothing that the others do not.
  return found
    .filter(({ internal, address }) => !internal && !/^fe80:/i.test(address))
    .map(({ address }) => address)
}

async function isHere(hostname: string): Promise<boolean> {
  const own = Object.values(networkInterfaces()).flatMap(
    (addresses) => addresses?.map(({ address }) => address) ?? [],
  )
  const found = await lookup(hostname.replace(/^\[|\]$/g, ''), { all: true }).catch(() => [])
  return found.some(({ address }) => address.startsWith('127.') || own.includes(address))
}

/** Any HTTP answer counts, an error too; `null` for none. */
function status(url: URL): Promise<number | null> {
  return new Promise((resolve) => {
    const asked = request(url, { signal: AbortSignal.timeout(patience), agent: false }, (answer) => {
      answer.destroy()
      resolve(answer.statusCode ?? 0)
    })
    asked.once('error', () => resolve(null))
    asked.end()
  })
}

/** The port of the app that a `run` has started now; `null` if there is none. */
async function runningPort(config: Config): Promise<number | null> {
  try {
    const { port } = JSON.parse(await readFile(runFilePath(config), 'utf8')) as { port?: unknown }
    return typeof port === 'number' ? port : null
  } catch {
    return null
  }
}
