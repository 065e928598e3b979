// Asks what hbase-rpc-client can ask, of table "node" (families "f" and "g", split at m0090, m0180 and m0270), and prints "question => answer".
// No region has 100 rows, as many as it asks for at once: of a second answer it expects a ttl, which HBase tells in the first only.
'use strict';
const hbase = require('hbase-rpc-client');

const client = hbase({ zookeeperHosts: [process.argv[2]], zookeeperRoot: '/hbase', rootRegionZKPath: '/meta-region-server' });
client.on('error', (error) => console.log('the client => ' + error));

const asked = (question) => new Promise((done, failed) => question((error, answer) => (error ? failed(error) : done(answer))));

async function ask(question, answer) {
  let said;
  try {
    said = await answer();
  } catch (error) {
    said = error.exceptionClassName || error.message || error;
  }
  console.log(`${question} => ${said}`);
}

const put = (row, value) => {
  const one = new hbase.Put(row);
  one.add('f', 'q', value);
  return one;
};
const values = (result) => (result && result.columns ? result.columns.map((column) => column.value.toString()).join(',') : 'nothing');
const get = async (row) => values(await asked((done) => client.get('node', new hbase.Get(row), done)));
const scan = async (change, from, to) => {
  const scanner = client.getScanner('node', from, to);
  change(scanner);
  const rows = await asked((done) => scanner.toArray(done));
  const name = (row) => (row ? row.row.toString() : 'none');
  return `${rows.length} rows, ${name(rows[0])} to ${name(rows[rows.length - 1])}`;
};

async function main() {
  await ask('put', async () => (await asked((done) => client.put('node', put('r1', 'v1'), done))).processed);
  await ask('get', () => get('r1'));
  await ask('get of nothing', () => get('r2'));
  const many = [];
  for (let i = 0; i < 300; i++)
    many.push({ row: 'm' + String(i).padStart(4, '0'), 'f:a': 'x' + i, 'g:b': 'y' + i });
  await ask('300 puts', async () => (await asked((done) => client.mput('node', many, done))).length);
  await ask('three gets', async () => (await asked((done) => client.mget('node', ['m0001', 'm0299', 'none'], done))).map(values).sort().join(' '));
  await ask('scan', () => scan(() => {}));
  await ask('range over two regions', () => scan(() => {}, 'm0080', 'm0100'));
  await ask('filter', () => scan((scanner) => scanner.setFilter({ columnPrefixFilter: { prefix: 'a' } })));
  await ask('backwards', () => scan((scanner) => scanner.setReversed()));
  await ask('increment', async () => {
    const { result } = await asked((done) => client.incrementColumnValue('node', 'counter', 'f', 'n', 5, done));
    return result.cell[0].value.readInt64(result.cell[0].value.offset);
  });
  await ask('check and put, as it is', async () =>
    (await asked((done) => client.checkAndPut('node', 'r1', 'f', 'q', 'v1', put('r1', 'v2'), done))).processed);
  await ask('check and put, as it is not', async () =>
    (await asked((done) => client.checkAndPut('node', 'r1', 'f', 'q', 'v1', put('r1', 'v3'), done))).processed);
  await ask('checked', () => get('r1'));
  await ask('delete', async () => (await asked((done) => client.delete('node', new hbase.Delete('r1'), done))).processed);
  await ask('deleted', () => get('r1'));
}

main().then(() => process.exit(0));
