/** Where replicas run: each in a network namespace of its own where that may be made, else all on loopback. */
import { spawnSync } from 'node:child_process'

/** One replica's place in the network. */
export interface Place {
  /** The replica's own address, for clients. */
  readonly address: string
  /** The address of this machine as the replica reaches it: where its link to the store listens. */
  readonly host: string
  /** What a command has to be started with to run there. */
  readonly prefix: readonly string[]
  /** Takes the cable out, and puts it in again. Nobody is told. `null` on loopback. */
  readonly plug: ((isIn: boolean) => void) | null
  remove(): void
}

function ip(...args: readonly string[]): boolean {
  return spawnSync('ip', [...args], { stdio: 'ignore' }).status === 0
}

/** A place on loopback, as all others there. */
export function loopback(): Place {
  return { address: '127.0.0.1', host: '127.0.0.1', prefix: [], plug: null, remove() {} }
}

/** A place for the replica of this number; on loopback where this process may make no namespaces. */
export function openPlace(number: number): Place {
  const name = `hf${process.pid}r${number}`
  const subnet = `10.213.${(process.pid + number) % 250}`
  const [host, address] = [`${subnet}.${4 * number + 1}`, `${subnet}.${4 * number + 2}`]
  const [near, far] = [`hv${process.pid % 100_000}a${number}`, `hv${process.pid % 100_000}b${number}`]
  const remove = (): void => {
    ip('netns', 'del', name)
    ip('link', 'del', near)
  }
  if (process.getuid?.() !== 0 || !ip('netns', 'add', name)) return loopback()
  const isMade =
    ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far) &&
    ip('link', 'set', far, 'netns', name) &&
    ip('addr', 'add', `${host}/30`, 'dev', near) &&
    ip('link', 'set', near, 'up') &&
    ip('-n', name, 'addr', 'add', `${address}/30`, 'dev', far) &&
    ip('-n', name, 'link', 'set', far, 'up') &&
    ip('-n', name, 'link', 'set', 'lo', 'up')
  if (!isMade) {
    remove()
    return loopback()
  }
  return {
    address,
    host,
    prefix: ['ip', 'netns', 'exec', name],
    plug: (isIn) => void ip('link', 'set', near, isIn ? 'up' : 'down'),
    remove,
  }
}
