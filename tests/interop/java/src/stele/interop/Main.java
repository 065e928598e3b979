package stele.interop;

import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hbase.HBaseConfiguration;

/**
 * Runs every call of the HBase client that Stele promises to answer against one server, and prints
 * one canonical line per answer. Two servers agree when their outputs are equal line by line;
 * `run-java` does that for Stele and real HBase.
 *
 * <pre>
 *   Main zk HOST:PORT | rpc HOST:PORT | masters HOST:PORT  SEED OPERATIONS [SCENARIO-PREFIX...]
 * </pre>
 *
 * The server is expected to be fresh: tables are made under fixed names and left behind. Lines that
 * start with `#` are for people and not compared, but for `# without NAME`, which says that this
 * client has no such call.
 */
public final class Main {
    private static final int EXIT_USAGE = 2;

    private Main() {
    }

    public static void main(String[] args) throws Exception {
        if (args.length < 4) {
            System.err.println(
                "usage: Main zk|rpc|masters HOST:PORT SEED OPERATIONS [SCENARIO-PREFIX...]");
            System.exit(EXIT_USAGE);
        }
        long seed = Long.parseLong(args[2]);
        int operations = Integer.parseInt(args[3]);
        List<String> prefixes = List.of(args).subList(4, args.length);
        try (Transcript out = new Transcript(System.out);
             Session session = new Session(bootstrap(args[0], args[1]), out)) {
            out.note("seed " + seed + ", operations " + operations);
            for (Scenario scenario : scenarios(seed, operations)) {
                if (prefixes.isEmpty() || prefixes.stream().anyMatch(scenario.name()::startsWith)) {
                    out.begin(scenario.name());
                    scenario.run(session);
                    out.end();
                }
            }
        }
        System.exit(0); /* the client leaves threads behind */
    }

    private static List<Scenario> scenarios(long seed, int operations) {
        List<Scenario> all = new ArrayList<>();
        all.addAll(RowScenarios.all());
        all.addAll(VersionScenarios.all());
        all.addAll(ScanScenarios.all());
        all.addAll(FilterScenarios.all());
        all.addAll(CounterScenarios.all());
        all.addAll(ConditionScenarios.all());
        all.addAll(BatchScenarios.all());
        all.addAll(AsyncScenarios.all());
        all.addAll(SchemaScenarios.all());
        all.addAll(NamespaceScenarios.all());
        all.addAll(MetaScenarios.all());
        all.addAll(AdminScenarios.all());
        all.addAll(ChangeScenarios.all());
        all.addAll(CallScenarios.all());
        all.addAll(SnapshotScenarios.all());
        all.addAll(OddScenarios.all());
        all.addAll(BadInputScenarios.all());
        all.addAll(RandomScenarios.all(seed, operations));
        return all;
    }

    /**
     * How the client finds the cluster; retries are few and quick so that a refusal is seen at
     * once.
     */
    private static Configuration bootstrap(String kind, String address) {
        Configuration conf = HBaseConfiguration.create();
        String registry = "org.apache.hadoop.hbase.client.";
        switch (kind) {
        case "zk":
            conf.set("hbase.zookeeper.quorum", address.substring(0, address.indexOf(':')));
            conf.set(
                "hbase.zookeeper.property.clientPort", address.substring(address.indexOf(':') + 1));
            break;
        case "rpc":
            conf.set("hbase.client.registry.impl", registry + "RpcConnectionRegistry");
            conf.set("hbase.client.bootstrap.servers", address);
            break;
        case "masters":
            conf.set("hbase.client.registry.impl", registry + "MasterRegistry");
            conf.set("hbase.masters", address);
            break;
        default: throw new IllegalArgumentException("unknown bootstrap '" + kind + "'");
        }
        conf.setInt("hbase.client.retries.number", 3);
        conf.setInt("hbase.client.pause", 20);
        conf.setInt("hbase.rpc.timeout", 20_000);
        conf.setInt("hbase.client.operation.timeout", 40_000);
        conf.setInt("hbase.client.scanner.timeout.period", 20_000);
        return conf;
    }
}
