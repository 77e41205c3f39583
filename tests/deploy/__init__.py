"""Files with which the product is deployed: image, services, units, proxy."""
