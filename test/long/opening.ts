/** The request of a browser that opens a WebSocket. */
export function opening(host: string, cookie: string): string {
  return [
    'GET /ws HTTP/1.1',
    `Host: ${host}`,
    `Origin: http://${host}`,
    `Cookie: ${cookie}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    '',
    '',
  ].join('\r\n')
}
