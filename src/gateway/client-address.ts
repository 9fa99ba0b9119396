/** Whose request it is, by network address. X-Forwarded-For counts only as far as it was written by trusted proxies. */
import { BlockList, isIP } from 'node:net'
import { ConfigError } from '../core/errors.ts'

/** From the peer's address and its X-Forwarded-For, the client's own. */
export type ClientAddress = (peer: string | undefined, forwardedFor: string | undefined) => string

/** Trusts no proxy for an empty list. Throws `ConfigError` for what is no CIDR. */
export function clientAddress(trusted: readonly string[]): ClientAddress {
  const list = new BlockList()
  for (const cidr of trusted) add(list, cidr)
  const isTrusted = (address: string): boolean =>
    trusted.length > 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

  return (peer, forwardedFor) => {
    let address = plain(peer ?? '')
    if (forwardedFor === undefined || !isTrusted(address)) return address
    // From the right: each proxy appended who spoke to it; the first that is not ours is the client.
    for (const hop of forwardedFor.split(',').reverse()) {
      const next = plain(withoutPort(hop.trim()))
      if (isIP(next) === 0) break
      address = next
      if (!isTrusted(address)) break
    }
    return address
  }
}

/** Some proxies write the port, too: `203.0.113.7:51234`, and `[2001:db8::7]:51234` or `[2001:db8::7]`. */
function withoutPort(hop: string): string {
  const [, four, six] = /^(?:([\d.]+):\d+|\[([^\]]*)\](?::\d+)?)$/.exec(hop) ?? []
  if (four !== undefined) return four
  return six !== undefined && isIP(six) === 6 ? six : hop
}

function plain(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address
}

function add(list: BlockList, cidr: string): void {
  const [address = '', bits, ...more] = cidr.split('/')
  const family = isIP(address)
  const widest = family === 6 ? 128 : 32
  const prefix = bits === undefined ? widest : Number(bits)
  if (family === 0 || more.length > 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > widest) {
    throw new ConfigError(
      'ERR_CONFIG_INVALID',
      `trustProxy: ${cidr} is no CIDR such as 10.0.0.0/8 or fd00::/8.`,
    )
  }
  // "Everybody" is what CVE-2026-76835 had for a default; nobody means it.
  if (prefix === 0)
    throw new ConfigError('ERR_CONFIG_INVALID', `trustProxy: ${cidr} would trust everybody's word.`)
  list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4')
}
