package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.put;
import static stele.interop.Session.schema;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.hadoop.hbase.NamespaceDescriptor;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;

/** Namespaces and the tables in them. */
final class NamespaceScenarios {
    private NamespaceScenarios() {
    }

    static List<Scenario> all() {
        return List.of(new Scenario("namespace.life", NamespaceScenarios::life),
            new Scenario("namespace.tables", NamespaceScenarios::tables),
            new Scenario("namespace.refused", NamespaceScenarios::refused));
    }

    private static String words(NamespaceDescriptor n) {
        Map<String, String> sorted = new TreeMap<>(n.getConfiguration());
        return n.getName() + sorted;
    }

    private static void life(Session s) throws Throwable {
        s.out.ask("default", () -> words(s.admin.getNamespaceDescriptor("default")));
        s.out.ask("hbase", () -> words(s.admin.getNamespaceDescriptor("hbase")));
        s.out.ask("nothing", () -> words(s.admin.getNamespaceDescriptor("ns_life")));
        s.out.act(
            "create", () -> s.admin.createNamespace(NamespaceDescriptor.create("ns_life").build()));
        s.out.act("create again",
            () -> s.admin.createNamespace(NamespaceDescriptor.create("ns_life").build()));
        s.out.ask("get", () -> words(s.admin.getNamespaceDescriptor("ns_life")));
        s.out.act("modify",
            () -> s.admin.modifyNamespace(NamespaceDescriptor.create("ns_life")
                                               .addConfiguration("k", "v")
                                               .addConfiguration("l", "w")
                                               .build()));
        s.out.ask("get modified", () -> words(s.admin.getNamespaceDescriptor("ns_life")));
        s.out.act("modify back",
            () -> s.admin.modifyNamespace(
                    NamespaceDescriptor.create("ns_life").addConfiguration("l", "x").build()));
        s.out.ask("get back", () -> words(s.admin.getNamespaceDescriptor("ns_life")));
        s.out.ask("list", () -> {
            List<String> names = new ArrayList<>(List.of(s.admin.listNamespaces()));
            names.retainAll(List.of("default", "hbase", "ns_life"));
            names.sort(null);
            return names;
        });
        s.out.ask("list of descriptors", () -> {
            List<String> all = new ArrayList<>();
            for (NamespaceDescriptor n : s.admin.listNamespaceDescriptors())
                if (List.of("default", "hbase", "ns_life").contains(n.getName()))
                    all.add(words(n));
            all.sort(null);
            return all;
        });
        s.out.act("delete", () -> s.admin.deleteNamespace("ns_life"));
        s.out.act("delete again", () -> s.admin.deleteNamespace("ns_life"));
        s.out.ask("get deleted", () -> words(s.admin.getNamespaceDescriptor("ns_life")));
        s.out.act("modify deleted",
            () -> s.admin.modifyNamespace(NamespaceDescriptor.create("ns_life").build()));
    }

    private static void tables(Session s) throws Throwable {
        s.admin.createNamespace(NamespaceDescriptor.create("ns_a").build());
        s.admin.createNamespace(NamespaceDescriptor.create("ns_b").build());
        Table a = s.create(schema("ns_a:t", family("f")), "m");
        Table b = s.create(schema("ns_b:t", family("f")));
        Table plain = s.create(schema("default:ns_t", family("f")));
        for (Table t : List.of(a, b, plain))
            t.put(put("r", "f:q", 1, t.getName().getNameAsString()));
        for (Table t : List.of(a, b, plain)) {
            s.askScan("scan of " + t.getName(), t, new Scan());
            s.out.ask("describe " + t.getName(), () -> s.admin.getDescriptor(t.getName()));
            s.out.ask("exists " + t.getName(), () -> s.admin.tableExists(t.getName()));
            s.out.ask("start keys of " + t.getName(),
                () -> List.of(s.connection.getRegionLocator(t.getName()).getStartKeys()));
        }
        for (String pattern :
            List.of("ns_a:.*", "ns_.:t", ".*:t", "t", "ns_t", "default:ns_t", "ns_.*"))
            s.out.ask(
                "names of " + pattern, () -> s.admin.listTableNames(Pattern.compile(pattern)));
        s.out.ask("tables of ns_a", () -> List.of(s.admin.listTableNamesByNamespace("ns_a")));
        s.out.ask("descriptors of ns_b",
            () -> s.admin.listTableDescriptorsByNamespace(Session.b("ns_b")));
        s.out.act("delete a full namespace", () -> s.admin.deleteNamespace("ns_a"));
        s.out.act("flush in a namespace", () -> s.flush(a));
        s.out.act("disable in a namespace", () -> s.admin.disableTable(a.getName()));
        s.out.act("delete in a namespace", () -> s.admin.deleteTable(a.getName()));
        s.out.act("delete an empty namespace", () -> s.admin.deleteNamespace("ns_a"));
        s.out.ask("exists after", () -> s.admin.tableExists(a.getName()));
        s.out.act("create in a deleted namespace",
            () -> s.admin.createTable(schema("ns_a:t", family("f"))));
    }

    private static void refused(Session s) throws Throwable {
        for (String name : List.of("", "a-b", "a:b", "a.b", "a b"))
            s.out.act("name '" + name + "'",
                () -> s.admin.createNamespace(NamespaceDescriptor.create(name).build()));
        for (String name : List.of("default", "hbase")) {
            s.out.act("create " + name,
                () -> s.admin.createNamespace(NamespaceDescriptor.create(name).build()));
            s.out.act("delete " + name, () -> s.admin.deleteNamespace(name));
        }
        s.out.ask("table of no namespace",
            () -> s.connection.getTable(TableName.valueOf("ns_nowhere:t"))
                       .get(new org.apache.hadoop.hbase.client.Get(b("r"))));
    }
}
