/** Whose request it is, where proxies say so in one of the ways that proxies have of saying it. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientAddress } from '../../src/gateway/client-address.ts'

const of = clientAddress(['10.0.0.0/8', 'fd00::/8'])
const peer = '10.0.0.1'

describe('clientAddress()', () => {
  it('reads an address with the port it came from, as some proxies write it', () => {
    expect(of(peer, '203.0.113.7:51234')).toBe('203.0.113.7')
    expect(of(peer, '[2001:db8::7]:51234')).toBe('2001:db8::7')
    expect(of(peer, '[2001:db8::7]')).toBe('2001:db8::7')
    expect(of(peer, '[::ffff:203.0.113.7]:51234')).toBe('203.0.113.7')
    expect(of(peer, '203.0.113.7:51234, 10.9.9.9:443, [fd00::1]:443')).toBe('203.0.113.7')
  })

  it('is the same with a port as without, whatever the address', () => {
    const hop = fc.oneof(
      fc.tuple(fc.ipV4(), fc.nat(65_535)).map(([ip, port]) => [ip, `${ip}:${port}`] as const),
      fc.tuple(fc.ipV6(), fc.nat(65_535)).map(([ip, port]) => [ip, `[${ip}]:${port}`] as const),
    )
    fc.assert(
      fc.property(fc.array(hop, { minLength: 1, maxLength: 4 }), (hops) => {
        const [bare, ported] = [0, 1].map((form) => hops.map((one) => one[form === 0 ? 0 : 1]).join(', '))
        expect(of(peer, ported)).toBe(of(peer, bare))
      }),
    )
  })

  it('does not believe what the client wrote before the proxy wrote theirs, with a port or without', () => {
    expect(of(peer, '192.0.2.1:1, 203.0.113.7:51234')).toBe('203.0.113.7')
    expect(of('203.0.113.7', '192.0.2.1:1')).toBe('203.0.113.7')
  })

  it('stops at what is no address', () => {
    const hops = [
      '',
      'unknown',
      '_hidden',
      '203.0.113.7:',
      '203.0.113.7:x',
      ':80',
      '[]:80',
      '[203.0.113.7]:80',
    ]
    for (const hop of [
      ...hops,
      '[2001:db8::7',
      '2001:db8::7]',
      '[2001:db8::7]80',
      '203.0.113.7:51234:1',
      '1.2.3:80',
    ])
      expect(of(peer, `192.0.2.1, ${hop}`), hop).toBe(peer)
  })
})
