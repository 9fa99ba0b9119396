/** What stands before a gateway in production: ends TLS, and hands on by path. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A running TLS proxy. */
export interface TlsProxy {
  readonly port: number
  /** From now on, paths that begin with `prefix` go to these ports in turn; the longest prefix wins. */
  route(prefix: string, ...ports: readonly number[]): void
  close(): Promise<void>
}

/** Starts one with a certificate of its own, made in `folder`. */
export async function startTlsProxy(folder: string): Promise<TlsProxy> {
  const routes = new Map<string, readonly number[]>()
  let turn = 0
  const open = new Set<Socket>()
  const server = createServer(await certificate(folder))
  const portFor = ({ url = '/' }: IncomingMessage): number | undefined => {
    const prefixes = [...routes.keys()].filter((prefix) => url.startsWith(prefix))
    const ports = routes.get(prefixes.sort((a, b) => b.length - a.length)[0] ?? '') ?? []
    return ports[turn++ % ports.length]
  }

  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  server.on('request', (incoming, response) => {
    const { method, url, headers } = incoming
    const onward = request(
      { host: '127.0.0.1', port: portFor(incoming), method, path: url, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
        answer.pipe(response)
      },
    )
    onward.on('error', () => response.destroy())
    incoming.pipe(onward)
  })
  server.on('upgrade', (incoming, client, head) => {
    const onward = connect(portFor(incoming) ?? 0, '127.0.0.1', () => {
      const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`]
      for (let i = 0; i < incoming.rawHeaders.length; i += 2)
        lines.push(`${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}`)
      onward.write(`${lines.join('\r\n')}\r\n\r\n`)
      onward.write(head)
      onward.pipe(client).pipe(onward)
    })
    onward.on('error', () => client.destroy())
    client.on('error', () => onward.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    route: (prefix, ...ports) => void routes.set(prefix, ports),
    async close() {
      server.close()
      for (const socket of open) socket.destroy()
      await once(server, 'close')
    },
  }
}

async function certificate(folder: string): Promise<{ key: string; cert: string }> {
  const place = await mkdtemp(join(folder, 'tls-'))
  const [key, cert] = [join(place, 'key.pem'), join(place, 'cert.pem')]
  const subject = ['-subj', '/CN=app.test', '-addext', 'subjectAltName=DNS:app.test']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', cert])
  return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') }
}
