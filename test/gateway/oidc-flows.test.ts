/** The sign-ins at a provider that one browser has under way, as cookies. */
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { oidcFlows } from '../../src/gateway/oidc-flow.ts'

const options = { secure: true, name: '', port: 443 }

describe('oidcFlows()', () => {
  it('removes the oldest of more than five, and what is no flow before them', () => {
    let now = 1_000
    const flows = oidcFlows(randomBytes(32), options, () => now++)
    const kept = Array.from({ length: 7 }, () => {
      const flow = flows.begin('kelp', '/')
      return { flow, cookie: flows.keep(flow, undefined)[0]?.split(';', 1)[0] ?? '' }
    })
    const planted = '__Host-Http-holdfast-oidc-planted=x'
    // Two that differ are none: one of them was tossed in.
    const [oldest, second, ...others] = kept.map(({ cookie }) => cookie)
    const header = [planted, ...others, second, `${second}x`, oldest, 'theme=dark'].join('; ')
    const removed = flows
      .keep(flows.begin('kelp', '/'), header)
      .slice(1)
      .map((line) => line.split('=', 1)[0])
    const nameOf = (cookie = ''): string => cookie.split('=', 1)[0] ?? ''
    expect(removed.sort()).toEqual([planted, oldest, second, others[0]].map(nameOf).sort())
    for (const { flow } of kept.slice(3)) expect(flows.find(flow.state, 'kelp', header)).toEqual(flow)
  })

  it('costs next to nothing and answers little, however many cookies of its name were planted', () => {
    const flows = oidcFlows(randomBytes(32), options, Date.now)
    const names = Array.from({ length: 1_900 }, (_, index) => `__Host-Http-holdfast-oidc-${index}=`)
    const header = names.join(';')
    const costs = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage()
      const lines = flows.keep(flows.begin('kelp', '/'), header)
      const { user, system } = process.cpuUsage(before)
      expect(lines.length).toBeLessThanOrEqual(16)
      return (user + system) / 1_000
    })
    // Milliseconds of this process, whatever else the machine does; it was 150 when the header was read for each of them.
    expect(Math.min(...costs)).toBeLessThan(30)
  })
})
