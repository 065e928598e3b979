import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import org.apache.tinkerpop.gremlin.process.traversal.dsl.graph.GraphTraversal;
import org.apache.tinkerpop.gremlin.process.traversal.dsl.graph.GraphTraversalSource;
import org.apache.tinkerpop.gremlin.structure.T;
import org.janusgraph.core.JanusGraph;
import org.janusgraph.core.JanusGraphFactory;
import org.janusgraph.example.GraphOfTheGodsFactory;

/** JanusGraph's own example and some more vertices, over a table "gods"; prints "question => answer". */
public class Gods {
    private static JanusGraph open(String port) {
        return JanusGraphFactory.build().set("storage.backend", "hbase").set("storage.hostname", "127.0.0.1").set("storage.port", port)
            .set("storage.hbase.table", "gods").open();
    }

    private static void ask(String question, GraphTraversal<?, ?> answer) {
        List<String> said = new ArrayList<>();
        answer.forEachRemaining(one -> said.add(String.valueOf(one)));
        Collections.sort(said);
        System.out.println(question + " => " + String.join(" ", said));
    }

    private static void askAll(GraphTraversalSource graph) {
        ask("vertices", graph.V().count());
        ask("edges", graph.E().count());
        ask("who is Saturn's grandchild", graph.V().has("name", "saturn").in("father").in("father").values("name"));
        ask("whom did he battle", graph.V().has("name", "hercules").out("battled").values("name"));
        ask("a name by its index", graph.V().has("name", "somebody 7").out("battled").values("name"));
    }

    public static void main(String[] arguments) throws Exception {
        JanusGraph graph = open(arguments[0]);
        GraphOfTheGodsFactory.loadWithoutMixedIndex(graph, true);
        GraphTraversalSource traversal = graph.traversal();
        Object hydra = traversal.V().has("name", "hydra").next().id();
        for (int i = 0; i < 50; i++)
            graph.addVertex(T.label, "human", "name", "somebody " + i).addEdge("battled", traversal.V(hydra).next(), "time", i);
        graph.tx().commit();
        traversal.V().has("name", "somebody 8").drop().iterate();
        graph.tx().commit();
        askAll(traversal);
        graph.close();
        graph = open(arguments[0]);
        System.out.println("opened again");
        askAll(graph.traversal());
        JanusGraphFactory.drop(graph);
        System.exit(0);
    }
}
