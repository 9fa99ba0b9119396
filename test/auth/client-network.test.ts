import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientNetwork } from '../../src/auth/client-network.ts'

describe('clientNetwork', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:c000:0207', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
  ])('counts %s as %s', (address, network) => expect(clientNetwork(address)).toBe(network))

  it.each([
    '',
    'unix',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.4:80',
    '01.2.3.4',
    ':::',
    '[::1]',
    "'; drop table",
    '1.2.3.4, 5.6.7.8',
  ])('counts %j, which is no address, with all others of its kind', (text) =>
    expect(clientNetwork(text)).toBe('unknown'),
  )

  it('has one budget for all spellings and hosts of a /64, and others for others', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV6(), (one, other) => {
        const whole = new URL(`http://[${one}]`).hostname.slice(1, -1)
        return (
          clientNetwork(one) === clientNetwork(whole) &&
          (clientNetwork(one) === clientNetwork(other)) === (front(one) === front(other))
        )
      }),
    )
  })
})

/** What tells networks apart, by the platform's own reading of the address. */
function front(address: string): string {
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = text.split('::')
  const groups = (part: string | undefined): string[] => (part ? part.split(':') : [])
  const missing = Array<string>(8 - groups(head).length - groups(tail).length).fill('0')
  const all = tail === undefined ? groups(head) : [...groups(head), ...missing, ...groups(tail)]
  const mapped = all.slice(0, 5).every((group) => group === '0') && all[5] === 'ffff'
  return mapped ? all.slice(6).join() : all.slice(0, 4).join()
}
