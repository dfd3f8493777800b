// Publishes one event to the channel at `url`, type and data as they are, and returns its id.
export async function publish(url, {type = '', data}) {
  const target = new URL(url)
  if (type !== '') target.searchParams.set('event', type)
  const response = await fetch(target, {method: 'POST', body: new TextEncoder().encode(data)})
  const answer = await response.json()
  if (response.status !== 201) throw new Error(`not published: ${response.status} ${answer.error}`)
  return answer.id
}
