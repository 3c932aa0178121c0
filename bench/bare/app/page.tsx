/** For whoever waits until the server answers. */
export default function BareHome() {
  return 'ready'
}
