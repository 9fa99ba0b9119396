/** Https to the app: only with a certificate of its own name that somebody vouches for. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createTls } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { startHarness } from '../gateway/harness.ts'
import { fetchFrom } from '../gateway/loopback.ts'
import { rawExchange } from '../gateway/raw-client.ts'
import { acceptUpgrade } from '../gateway/recording-upstream.ts'
import { upgradeRequest } from '../gateway/socket-client.ts'
import { failOnCrash } from './crashes.ts'

failOnCrash()

describe('https to the app', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-tls-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost'
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  const files = ['-keyout', key, '-out', cert]
  execFileSync('openssl', ['req', '-x509', ...curve, '-subj', '/CN=app', '-addext', names, ...files], {
    stdio: 'ignore',
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** An app behind that certificate; its port, and how often it was reached. */
  async function tlsApp(): Promise<{ readonly port: number; reached: number }> {
    const app = { port: 0, reached: 0 }
    const server = createTls({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => {
      app.reached++
      response.end('secret')
    })
    server.on('upgrade', (_request, socket) => {
      app.reached++
      acceptUpgrade(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    app.port = (server.address() as AddressInfo).port
    return app
  }

  async function statuses(upstreamUrl: URL): Promise<(number | undefined)[]> {
    const to = await startHarness({ upstreamUrl, access: 'anyone', publicUrl: 'https://apps.example.org' })
    const { status } = await fetchFrom(to.port, '/', { headers: { host: to.host } })
    return [status, (await rawExchange(to.port, upgradeRequest(to, {}), 2_000)).answers[0]?.status]
  }

  it('CVE-2026-107318: a certificate nobody vouches for is refused, for requests and upgrades', async () => {
    const app = await tlsApp()
    expect(await statuses(new URL(`https://127.0.0.1:${app.port}`))).toEqual([502, 502])
    expect(app.reached).toBe(0)
  })

  it("CVE-2026-107318: a certificate is held against the app's own name, not against the Host we pass on", async () => {
    const app = await tlsApp()
    const trusted = getCACertificates('default')
    onTestFinished(() => setDefaultCACertificates(trusted))
    setDefaultCACertificates([...trusted, readFileSync(cert, 'utf8')])
    expect(await statuses(new URL(`https://127.0.0.1:${app.port}`))).toEqual([200, 101])
    expect(await statuses(new URL(`https://localhost:${app.port}`))).toEqual([200, 101])
    expect(await statuses(new URL(`https://127.0.0.2:${app.port}`))).toEqual([502, 502])
  })
})
