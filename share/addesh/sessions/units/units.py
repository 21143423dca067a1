def miles(km)
    if km < 0:
        raise ValueError("less than nothing")
    return km / 1.609344
