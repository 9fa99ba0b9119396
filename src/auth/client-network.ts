import { isIPv4, isIPv6 } from 'node:net'

/**
 * The network whose attempts count as one client's: an IPv4 address, or the /64 of an IPv6 one, for one subscriber has
 * 2^64 addresses there and would otherwise have as many budgets of guesses. All spellings of an address are one;
 * whatever is no address is `unknown`, and shares one budget.
 */
export function clientNetwork(address: string): string {
  const bare = address.split('%', 1)[0] ?? ''
  if (isIPv4(bare)) return bare
  if (!isIPv6(bare)) return 'unknown'
  const groups = ipv6Groups(bare)
  // ::ffff:0:0/96, an IPv4 client on a dual-stack socket: the same client as without the prefix.
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const [high = 0, low = 0] = groups.slice(6)
    return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`
}

/** The eight groups of a valid IPv6 address (RFC 4291, 2.2). */
function ipv6Groups(address: string): readonly number[] {
  const [head = '', tail] = address.split('::')
  const front = groupsOf(head)
  if (tail === undefined) return front
  const back = groupsOf(tail)
  return [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back]
}

function groupsOf(part: string): readonly number[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}
