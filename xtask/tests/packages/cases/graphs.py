import networkx


def shortest(edges):
    return networkx.shortest_path(networkx.Graph(edges), edges[0][0], edges[-1][1])
