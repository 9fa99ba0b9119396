/** Paths, headers and JSON shapes that the gateway, the browser script and the Python package share. */
export const paths = {} as const
