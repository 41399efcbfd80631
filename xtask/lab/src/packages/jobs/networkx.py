import networkx as nx


def paths(
    given=[["a", "b", 3], ["a", "c", 1], ["c", "d", 1], ["b", "e", 1], ["e", "d", 5], ["d", "b", 1]]
):
    """Finds shortest paths, spanning trees, centrality and communities."""
    graph = nx.Graph()
    graph.add_weighted_edges_from(given)
    rank = nx.degree_centrality(graph)
    return [
        nx.dijkstra_path(graph, "a", "e"),
        sorted(map(sorted, nx.minimum_spanning_tree(graph).edges)),
        sorted(rank.items()),
        sorted(map(sorted, nx.community.greedy_modularity_communities(graph))),
        nx.is_bipartite(graph),
    ]


def directed(
    given=[["shirt", "tie"], ["tie", "jacket"], ["trousers", "shoes"], ["trousers", "jacket"]]
):
    """Sorts a graph without cycles, and writes it as GraphML and JSON."""
    graph = nx.DiGraph(given)
    flow = nx.DiGraph()
    flow.add_edge("s", "t", capacity=3)
    return [
        list(nx.lexicographical_topological_sort(graph)),
        sorted(nx.ancestors(graph, "jacket")),
        len("".join(nx.generate_graphml(graph))),
        nx.node_link_data(graph, edges="links")["links"],
        nx.maximum_flow_value(flow, "s", "t"),
    ]
