import { createServer } from 'node:http'

const server = createServer((request, response) => {
  // An answer that takes its time, for a gateway that is told to stop meanwhile.
  const pause = request.url === '/slow' ? 1_500 : 0
  setTimeout(() => response.end(`hello ${request.headers['x-forwarded-user'] ?? 'stranger'}\n`), pause)
})
server.listen(Number(process.env.PORT), process.env.HOST ?? '127.0.0.1')
