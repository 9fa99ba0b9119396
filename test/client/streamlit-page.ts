/**
 * A page that is to the script what Streamlit's is: React's tree with the widget manager in it, widgets as elements
 * that lead to their fiber, and a stream socket. Its server only sends back what it is sent.
 */
export const streamlitPage: string = `<!doctype html><html><head>SCRIPTS</head><body><div id="root"></div><script>
// Also for those who ask when the page is gone.
addEventListener('error', ({ message }) => { (window.faults ??= []).push(message); localStorage.setItem('faults', message) })
addEventListener('unhandledrejection', (event) => { (window.faults ??= []).push(String(event.reason)) })
// What is left for the next page, which takes it away.
addEventListener('pagehide', () => {
  try { localStorage.setItem('left', sessionStorage.getItem('holdfast-widgets') ?? 'nothing') } catch {}
})

class State {
  constructor(fields) { Object.assign(this, fields) }
  static fromObject(plain) { return new State(structuredClone(plain)) }
}
class States {
  map = new Map()
  createState(id) { this.map.set(id, new State({ id })); return this.map.get(id) }
  getState(id) { return this.map.get(id) }
  deleteState(id) { this.map.delete(id) }
  forEach(visit) { this.map.forEach(visit) }
}
class Manager {
  forms = new Map()
  widgetStates = new States()
  removeInactive(drawn) { for (const id of this.widgetStates.map.keys()) if (!drawn.has(id)) this.widgetStates.deleteState(id) }
}
window.manager = new Manager()
document.getElementById('root')['__reactContainer$1'] = { child: { memoizedProps: null, sibling: { memoizedProps: { widgetMgr: manager } } } }

/** Draws a widget; with a value, as if a person had put it in. */
window.draw = (testId, id, value) => {
  const node = document.body.appendChild(document.createElement('div'))
  node.dataset.testid = testId
  node['__reactFiber$1'] = { memoizedProps: { className: 'x' }, return: { memoizedProps: { element: { id }, widgetMgr: manager } } }
  if (value) Object.assign(manager.widgetStates.createState(id), value)
}
window.states = () => Object.fromEntries([...manager.widgetStates.map].map(([id, { id: _, ...value }]) => [id, value]))
/** Opens the stream; resolves when its first message is there. */
window.connect = () => {
  window.stream = new WebSocket('ws://' + location.host + '/_stcore/stream')
  stream.binaryType = 'arraybuffer'
  return window.told()
}
window.told = () => new Promise((done) => stream.addEventListener('message', done, { once: true })).then(() => {})
/** Sends a message of this kind; resolves when it has come back. */
window.say = (first, text = '') => {
  stream.send(new Uint8Array([first, ...new TextEncoder().encode(text)]))
  return window.told()
}
/** Asks for a run of the script. */
window.rerun = (text) => window.say(0x5a, text)
</script></body></html>`
