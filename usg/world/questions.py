DEPTHS = {}
def ask(*a): return []
